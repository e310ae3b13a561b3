//! Pages of lists.

/// One page of a list: its items, and whether there are more.
///
/// A page also has `len()`, `iter()` and its list under its own name, as `page.tasks`;
/// [`Request::items`](crate::Request::items) reads all pages.
pub trait Page: Send + 'static {
    /// An item of the list.
    type Item: Send + 'static;
    /// The items of this page.
    fn items(&self) -> &[Self::Item];
    /// The items of this page, moved out of it.
    fn into_items(self) -> Vec<Self::Item>;
    /// Start of the next page, for operations that take a cursor.
    fn next_cursor(&self) -> Option<&str>;
    /// Whether another page follows.
    fn has_more(&self) -> bool;
}

/// Implement [`Page`] and the list methods for a type of the contract.
macro_rules! page {
    ($name:ident, $items:ident: $item:ty) => {
        impl crate::page::Page for $name {
            type Item = $item;

            fn items(&self) -> &[$item] {
                &self.$items
            }

            fn into_items(self) -> Vec<$item> {
                self.$items
            }

            fn next_cursor(&self) -> Option<&str> {
                self.next_cursor.as_deref()
            }

            fn has_more(&self) -> bool {
                self.has_more
            }
        }

        impl $name {
            /// Number of items of this page.
            #[must_use]
            pub fn len(&self) -> usize {
                self.$items.len()
            }

            /// Whether this page has no items.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.$items.is_empty()
            }

            /// The items of this page.
            pub fn iter(&self) -> std::slice::Iter<'_, $item> {
                self.$items.iter()
            }
        }

        impl IntoIterator for $name {
            type Item = $item;
            type IntoIter = std::vec::IntoIter<$item>;

            fn into_iter(self) -> Self::IntoIter {
                self.$items.into_iter()
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a $item;
            type IntoIter = std::slice::Iter<'a, $item>;

            fn into_iter(self) -> Self::IntoIter {
                self.$items.iter()
            }
        }
    };
}

pub(crate) use page;

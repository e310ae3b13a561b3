//! Enumerations of the contract, as text on the wire.

use serde::Serialize;

/// Declare an enumeration whose values are text. Values of newer servers become `Other`, so that parsing never fails.
macro_rules! string_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident, default $default:ident { $($variant:ident = $value:literal,)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $value, "`")] $variant,)+
            /// A value without a name in this version of the crate.
            Other(String),
        }

        impl $name {
            /// The value in wire format.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Other(value) => value,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)+
                    _ => Self::Other(value.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl From<$name> for crate::vocabulary::OneOrMany<$name> {
            fn from(value: $name) -> Self {
                Self::One(value)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer).map(|value| Self::from(&*value))
            }
        }
    };
}

pub(crate) use string_enum;

/// One or several values: `"pending"`, `TaskStatus::Pending`, `["pending", "failed"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One value.
    One(T),
    /// Several values.
    Many(Vec<T>),
}

impl From<String> for OneOrMany<String> {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl From<&String> for OneOrMany<String> {
    fn from(value: &String) -> Self {
        Self::One(value.clone())
    }
}

impl<T: for<'a> From<&'a str>> From<&str> for OneOrMany<T> {
    fn from(value: &str) -> Self {
        Self::One(value.into())
    }
}

impl<T, V: Into<T>> From<Vec<V>> for OneOrMany<T> {
    fn from(values: Vec<V>) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl<T, V: Into<T>, const N: usize> From<[V; N]> for OneOrMany<T> {
    fn from(values: [V; N]) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

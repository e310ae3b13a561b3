"""The monitor: what people see and press, as HTML.

In this room: pages, cookies, forms, and the stream of what changes on a page. Every number comes from an operation
called as the person who has signed in, and every act is an operation as that person. What may not enter: rules of the
marketplace, the store, another protocol.
"""

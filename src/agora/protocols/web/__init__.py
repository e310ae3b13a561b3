"""The monitor: the server-rendered web interface.

It contains the pages, cookies, forms, and live updates. Every value comes from an operation called as the signed-in
user, and every action is an operation of that user. It must not depend on domain rules, the store or another protocol.
"""

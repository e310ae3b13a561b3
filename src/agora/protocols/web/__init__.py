"""The monitor: the server-rendered web interface.

Pages, cookies, forms, and the live updates of a page. Every value comes from an operation called as the signed-in user, and
every action is an operation of that user. It must not depend on domain rules, the store or another protocol.
"""

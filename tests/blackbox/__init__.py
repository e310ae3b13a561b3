"""Black-box tests of a real server process, over sockets and its command line only.

Nothing here imports a module of ``agora``: these tests do not depend on its structure.
"""

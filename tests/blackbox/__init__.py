"""Black-box tests: a real server process, reached over sockets and by its command line only.

Nothing here imports a module of ``agora``: these tests hold for any structure inside.
"""

"""Identity: who a credential stands for, and what it may.

Mints and verifies credentials, and checks scopes and authority. It must not depend on HTTP or on marketplace rules.
"""

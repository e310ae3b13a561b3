"""Identity: from a credential to the caller and its rights.

Mints and verifies credentials, and checks scopes and authority. It must not depend on HTTP or on marketplace rules.
"""

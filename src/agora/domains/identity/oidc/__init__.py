"""Single sign-on with OpenID Connect providers such as Keycloak.

``configuration`` holds the settings; ``http`` is the bounded HTTP client; ``provider`` caches metadata and keys;
``access_tokens`` and ``logout_tokens`` verify tokens; ``role_mapping`` maps roles to scopes; ``flows`` implements the
token endpoint flows (code, password, refresh token); ``browser_sessions`` keeps users signed in to the monitor;
``sign_on`` combines them.
"""

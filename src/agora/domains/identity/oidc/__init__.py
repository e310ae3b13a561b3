"""Single sign-on: people, and programs, known to an OpenID provider such as Keycloak.

``configuration`` is what the operator decided; ``web`` asks a provider, within bounds; ``provider`` remembers what it says
of itself and its keys; ``verification`` tells a genuine access token from any other; ``roles`` says what its bearer may;
``flows`` are the ways to a token (a password, a code, a refresh token); ``sessions`` keep a person signed in to the
monitor; ``sign_on`` puts them together.
"""

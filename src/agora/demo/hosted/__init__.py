"""Program that the demo runs as instances. It does not depend on Agora; its directory is registered."""

"""TLS of the server's own sockets: a certificate with its key, which can be replaced while the server runs."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

from agora.settings import ConfigurationError, Settings
from agora.value_classes import value_class

__all__ = ["Certificate", "CertificateError", "ReloadableContext", "TlsFiles", "load_certificate"]

Version = Literal["1.2", "1.3"]
MINIMUM_VERSION: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class CertificateError(ConfigurationError):
    """The certificate or its key cannot be used; the message names the setting and the fix."""


@value_class
class TlsFiles:
    """Paths of the pair in PEM: the chain beginning with the server's certificate, and its unencrypted key."""

    cert: Path
    key: Path
    version: Version = "1.3"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Read the files of the settings; None for plain HTTP. Raises CertificateError."""
        if settings.tls_cert is None and settings.tls_key is None:
            return None
        if settings.tls_cert is None or settings.tls_key is None:
            raise CertificateError("tls_cert and tls_key belong together: set both, or neither.")
        return cls(settings.tls_cert, settings.tls_key, settings.tls_min_version)


@value_class
class Certificate:
    """Information about a certificate. names: its hosts and addresses."""

    names: tuple[str, ...]
    expires: datetime

    def compute_days_left(self) -> int:
        """Return the whole days until expiry; negative after it."""
        return (self.expires - datetime.now(UTC)).days


def load_certificate(files: TlsFiles) -> Certificate:
    """Read a pair, and check that certificate and key match. Raises CertificateError."""
    # imported here: only servers with their own TLS need it
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificates(_read_file("tls_cert", files.cert))[0]
    except CertificateError:
        raise
    except ValueError:
        raise CertificateError(f"tls_cert: {files.cert} holds no certificate in PEM ('BEGIN CERTIFICATE').") from None
    try:
        key = load_pem_private_key(_read_file("tls_key", files.key), None)
    # cryptography's error for an encrypted key without a password.
    except TypeError:
        raise CertificateError(
            f"tls_key: {files.key} is encrypted. Decrypt it with 'openssl pkey -in FILE -out FILE'."
        ) from None
    except CertificateError:
        raise
    except Exception as error:  # each kind of key raises different errors
        raise CertificateError(f"tls_key: {files.key} holds no private key in PEM ('BEGIN PRIVATE KEY').") from error
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
        raise CertificateError(
            f"tls_key: {files.key} is not the key of the certificate in {files.cert}. "
            "The file of the chain begins with the server's own certificate."
        )
    return Certificate(_read_names(certificate), certificate.not_valid_after_utc)


def _read_names(certificate: Any) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _read_file(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CertificateError(f"{setting}: {path} does not exist.") from None
    except OSError as error:
        raise CertificateError(
            f"{setting}: {path} cannot be read: {error.strerror}. The server's user has to be able to read it."
        ) from None


def _build_context(files: TlsFiles) -> ssl.SSLContext:
    load_certificate(files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = MINIMUM_VERSION[files.version]
    # The only protocol served: without it, some clients would begin with HTTP/2.
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION  # for TLS 1.2: renegotiation would allow a denial of service
    try:
        context.load_cert_chain(files.cert, files.key)
    except (ssl.SSLError, OSError) as error:  # replaced since the check, or too weak for this OpenSSL
        raise CertificateError(f"tls_cert: {files.cert} cannot be used: {error}.") from None
    return context


class ReloadableContext(ssl.SSLContext):
    """A context that uses the pair loaded last for new handshakes; existing connections keep theirs.

    Each reload creates a new context: OpenSSL keeps one certificate per kind of key, so loading into a context in use
    would keep offering an RSA certificate beside the elliptic-curve one that replaces it, or half a pair if the second
    file is invalid.
    """

    files: TlsFiles
    current: ssl.SSLContext

    @classmethod
    def load_files(cls, files: TlsFiles) -> Self:
        """Load a pair. Raises CertificateError."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.files, context.current = files, _build_context(files)
        return context

    def reload_files(self) -> None:
        """Load the pair from the files again. Raises CertificateError, and keeps the current one."""
        self.current = _build_context(self.files)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a handshake; called by event loops for each connection."""
        # Event loops take a context when they begin to listen; delegating here lets them pick up a reloaded one.
        return self.current.wrap_bio(*args, **kwargs)

"""TLS of the server's own sockets: a certificate with its key, which can be replaced while the server runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

from agora.settings import ConfigurationError, Settings

__all__ = ["Certificate", "CertificateError", "ReloadableContext", "TlsFiles", "load_certificate"]

Version = Literal["1.2", "1.3"]
MINIMUM: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class CertificateError(ConfigurationError):
    """The certificate or its key cannot be used; the message names the setting and the fix."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the pair is, in PEM: the chain with the server's own certificate first; its key, not encrypted."""

    cert: Path
    key: Path
    version: Version = "1.3"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """The files that the settings name; None for plain HTTP. Raises CertificateError."""
        if settings.tls_cert is None and settings.tls_key is None:
            return None
        if settings.tls_cert is None or settings.tls_key is None:
            raise CertificateError("tls_cert and tls_key belong together: set both, or neither.")
        return cls(settings.tls_cert, settings.tls_key, settings.tls_min_version)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Information about a certificate. names: its hosts and addresses."""

    names: tuple[str, ...]
    expires: datetime

    def compute_days_left(self) -> int:
        """Whole days until it expires; negative once it has."""
        return (self.expires - datetime.now(UTC)).days


def load_certificate(files: TlsFiles) -> Certificate:
    """Read a pair and check that its two halves belong together. Raises CertificateError."""
    # imported here: only servers with TLS of their own need it
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
    except TypeError:
        raise CertificateError(
            f"tls_key: {files.key} is encrypted. Decrypt it with 'openssl pkey -in FILE -out FILE'."
        ) from None
    except CertificateError:
        raise
    except Exception as error:  # each kind of key has errors of its own
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
    context.minimum_version = MINIMUM[files.version]
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION  # of 1.2: a peer could make the server compute for ever
    try:
        context.load_cert_chain(files.cert, files.key)
    except (ssl.SSLError, OSError) as error:  # replaced since it was checked, or too weak for this OpenSSL
        raise CertificateError(f"tls_cert: {files.cert} cannot be used: {error}.") from None
    return context


class ReloadableContext(ssl.SSLContext):
    """A context whose handshakes take the pair that was loaded last; connections that stand keep theirs.

    Each load makes a whole context: OpenSSL keeps one certificate for each kind of key, so loading into one that serves would
    go on offering the RSA certificate beside the elliptic one that replaces it, and half a pair if the second file is wrong.
    """

    files: TlsFiles
    current: ssl.SSLContext

    @classmethod
    def load_files(cls, files: TlsFiles) -> Self:
        """Raises CertificateError."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.files, context.current = files, _build_context(files)
        return context

    def reload_files(self) -> None:
        """Take the pair that is in the files now. Raises CertificateError, and keeps the one it has."""
        self.current = _build_context(self.files)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a handshake: this is what event loops call for each connection."""
        return self.current.wrap_bio(*args, **kwargs)

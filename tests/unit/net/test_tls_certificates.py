"""TLS certificates: errors for unusable pairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from agora.net.tls import CertificateError, TlsFiles, load_certificate
from agora.settings import Settings
from tests.blackbox.certificates import Authority


@pytest.fixture
def pair(tmp_path: Path) -> TlsFiles:
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    Authority().issue(files.cert, files.key)
    return files


def test_valid_pair_is_loaded(pair: TlsFiles) -> None:
    certificate = load_certificate(pair)
    assert certificate.names == ("localhost", "127.0.0.1")
    assert certificate.compute_days_left() == 89


def test_incomplete_pair_is_refused(pair: TlsFiles) -> None:
    assert TlsFiles.from_settings(Settings()) is None
    for half in ({"tls_cert": pair.cert}, {"tls_key": pair.key}):
        with pytest.raises(CertificateError, match="tls_cert and tls_key belong together"):
            TlsFiles.from_settings(Settings(**half))


def test_invalid_files_are_refused(pair: TlsFiles, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(CertificateError, match=r"^tls_cert: .*missing.pem does not exist"):
        load_certificate(TlsFiles(missing, pair.key))
    with pytest.raises(CertificateError, match=r"^tls_key: .*missing.pem does not exist"):
        load_certificate(TlsFiles(pair.cert, missing))
    with pytest.raises(CertificateError, match=r"^tls_key: .* cannot be read: Is a directory"):
        load_certificate(TlsFiles(pair.cert, tmp_path))
    with pytest.raises(CertificateError, match="holds no certificate in PEM"):
        load_certificate(TlsFiles(pair.key, pair.key))
    with pytest.raises(CertificateError, match="holds no private key in PEM"):
        load_certificate(TlsFiles(pair.cert, pair.cert))


def test_encrypted_key_is_refused(pair: TlsFiles) -> None:
    key = load_pem_private_key(pair.key.read_bytes(), None)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(CertificateError, match="is encrypted"):
        load_certificate(pair)

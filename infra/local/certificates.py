"""Throw-away server certificates for 127.0.0.1, and a bundle that makes Python's HTTP clients trust them."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificate(NamedTuple):
    """PEM files: the certificate, its key, and `bundle`: the public roots and this certificate.

    `REQUESTS_CA_BUNDLE` replaces the trust of the whole process, so the bundle must hold the public roots as well.
    """

    certificate: Path
    key: Path
    bundle: Path


def self_signed(directory: Path) -> Certificate:
    """Write a new certificate for localhost into `directory`; it is valid for 30 days."""
    files = Certificate(directory / "certificate.pem", directory / "key.pem", directory / "bundle.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, datetime.now(UTC)).public_bytes(serialization.Encoding.PEM)
    files.certificate.write_bytes(certificate)
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files.key.chmod(0o600)
    files.bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + certificate)
    return files


def _certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Boardbridge local stack")])
    addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    # Its own authority, with the extensions that Python's strict verification asks of one.
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )

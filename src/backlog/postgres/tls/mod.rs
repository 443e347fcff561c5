//! TLS to a server, in libpq's words: `sslmode` says how much of it, `sslrootcert` whom to trust.

mod certificate;
mod stream;
mod verify;

use std::error::Error as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::super::error::{Failure, Kind, Result};
use crate::plain::{self, Unreadable};

pub(super) use stream::Connector;
use verify::{Refusal, Trust, Verifier};

/// The protocol's name, which a server wants to hear when TLS begins without a question (`sslnegotiation=direct`).
const PROTOCOL: &[u8] = b"postgresql";

/// Maximum size of a file of authorities, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// When to use TLS, and what to check of the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// None.
    Disable,
    /// When the server refuses to go without.
    Allow,
    /// When the server has it, with any certificate.
    Prefer,
    /// With any certificate; with an authority's when authorities are given.
    Require,
    /// With a certificate of an authority.
    VerifyCa,
    /// With a certificate of an authority that names the host.
    VerifyFull,
}

impl Mode {
    /// All, by the words of `sslmode`.
    pub(super) const WORDS: [(&'static str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Those of libpq's file in the home folder, else the system's.
    Usual,
    /// The system's.
    System,
    /// Those of a file.
    File(PathBuf),
}

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    pub(super) authorities: Authorities,
}

impl Tls {
    /// Loads the authorities. `home` is the user's home folder; `server` names the server in an error.
    ///
    /// # Errors
    /// Returns an error if the authorities cannot be read.
    pub(super) fn connector(&self, home: Option<&Path>, server: &str, direct: bool) -> Result<Connector> {
        let provider = Arc::new(ring::default_provider());
        let broken = |error: &dyn std::fmt::Display| {
            Failure::new(Kind::Failed, server, format!("TLS cannot be set up ({error})"), "use another sslmode")
        };
        let trust = self.trust(home, server, &provider)?;
        let named = trust.as_ref().is_some_and(|trust| trust.named);
        let verifier = Verifier { algorithms: provider.signature_verification_algorithms, trust };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            // The library's own verifier knows no `sslmode`: it checks everything, and the modes below `verify-full` do
            // not.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        if direct {
            config.alpn_protocols = vec![PROTOCOL.to_vec()];
        }
        Ok(Connector { config: Arc::new(config), named })
    }

    fn trust(&self, home: Option<&Path>, server: &str, provider: &Arc<CryptoProvider>) -> Result<Option<Trust>> {
        // libpq's own place: a client that moves here keeps its trust without a setting.
        let usual = home.map(|home| home.join(".postgresql/root.crt")).filter(|path| path.exists());
        let file = match &self.authorities {
            Authorities::File(path) => Some(path),
            Authorities::Usual => usual.as_ref(),
            Authorities::System => None,
        };
        // As libpq does it: `require` verifies once it is told, or finds, whom to trust.
        let verifies = self.mode >= Mode::VerifyCa
            || self.mode == Mode::Require && (file.is_some() || self.authorities == Authorities::System);
        if !verifies {
            return Ok(None);
        }
        let (authorities, place) = match file {
            Some(path) => (from_file(path)?, path.display().to_string()),
            None => (of_system(server)?, "this system".to_owned()),
        };
        let mut roots = RootCertStore::empty();
        // One that is odd among many is no reason to trust none.
        let (taken, _odd) = roots.add_parsable_certificates(authorities.iter().cloned());
        if taken == 0 {
            return Err(Failure::new(
                Kind::Invalid,
                format!("sslrootcert {place}"),
                "holds no certificate that can be read",
                "give a file of certificates in PEM form",
            ));
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        let chain = chain.map_err(|error| {
            Failure::new(Kind::Failed, server, format!("TLS cannot be set up ({error})"), "check sslrootcert")
        })?;
        Ok(Some(Trust { chain, authorities, place, named: self.mode == Mode::VerifyFull }))
    }
}

fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let what = || format!("sslrootcert {}", path.display());
    let unreadable = |error: Unreadable| Failure::invalid(what(), error.to_string(), error.next());
    let mut bytes = Vec::new();
    let opened = plain::open(path).map_err(unreadable)?;
    opened.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(error.into()))?;
    CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|error| {
        Failure::invalid(what(), format!("is not a list of certificates in PEM form ({error})"), "give another file")
    })
}

fn of_system(server: &str) -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(Failure::new(
            Kind::Failed,
            server,
            format!("this system has no list of certificates of authorities{why}"),
            "install ca-certificates, or name a file as sslrootcert=FILE",
        ));
    }
    Ok(found.certs)
}

/// Returns whether a connection failed because of TLS.
pub(super) fn failed(error: &tokio_postgres::Error) -> bool {
    // The library tells the kind of its errors by their words only.
    error.to_string() == "error performing TLS handshake"
}

/// Why TLS failed and what to do, when that is what failed.
pub(super) fn told(error: &tokio_postgres::Error) -> Option<(String, String)> {
    if !failed(error) {
        return None;
    }
    let cause = error.source()?;
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let refusal = match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) => other.0.downcast_ref(),
        _ => inner.and_then(|inner| inner.downcast_ref()),
    };
    if let Some(Refusal { why, next }) = refusal {
        return Some((why.clone(), next.clone()));
    }
    let said = certificate::one_line(&cause.to_string());
    Some(match said.as_str() {
        "server does not support TLS" => (
            "the server offers no TLS, and sslmode asks for it".to_owned(),
            "switch it on at the server (ssl=on), or use sslmode=prefer, which goes on without".to_owned(),
        ),
        _ => (
            format!("the TLS handshake failed ({said})"),
            "check the server's certificate and key, and that it speaks TLS 1.2 or newer; sslmode=disable encrypts nothing"
                .to_owned(),
        ),
    })
}

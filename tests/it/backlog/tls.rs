//! TLS to a real server: what each `sslmode` takes and refuses, and that what it takes is encrypted.

use std::fs;
use std::path::Path;

use mosaic_tui::backlog::place::{Intent, Location};

use super::who;
use crate::harness::certificates::{self, Authority, Signed};
use crate::harness::{Database, Sandbox};

/// A server of the test's own that speaks TLS.
struct Stand {
    database: Database,
    folder: tempfile::TempDir,
    cases: u32,
}

/// What came of a connection.
#[derive(Debug, PartialEq)]
enum Outcome {
    Plain,
    Encrypted,
    /// Refused, with these words.
    Refused(String),
}

impl Stand {
    fn new() -> Self {
        Self { database: Database::on_own_server(), folder: tempfile::tempdir().unwrap(), cases: 0 }
    }

    fn server_has(&mut self, signed: Option<&Signed>) {
        let server = self.database.server();
        match signed {
            Some(signed) => {
                server.put("server.crt", &signed.certificate);
                server.put("server.key", &signed.key);
                server.anew_with(&["ssl=on"]);
            }
            None => server.anew_with(&[]),
        }
    }

    /// Who may log in, and how.
    fn server_lets(&mut self, line: &str) {
        self.database.server().put("pg_hba.conf", &format!("{line}\n"));
        self.database.psql("SELECT pg_reload_conf()");
    }

    /// A file of certificates.
    fn file(&self, name: &str, pem: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, pem).unwrap();
        path.display().to_string()
    }

    fn connect(&mut self, parameters: &str) -> Outcome {
        let url = self.database.url();
        self.connect_to(&url, parameters)
    }

    /// Opens the backlog, and asks the server how.
    fn connect_to(&mut self, url: &str, parameters: &str) -> Outcome {
        self.cases += 1;
        let name = format!("case{}", self.cases);
        let url = format!("{url}?application_name={name}&{parameters}");
        let opened = Location::of(Some(&url), None, Path::new("/"))
            .and_then(|place| place.open(Intent::Write, who("tester"), &mut |_, _| {}));
        match opened {
            Err(error) => Outcome::Refused(error.to_string()),
            Ok(_open) => {
                let ask = format!(
                    "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = '{name}'"
                );
                match self.database.psql(&ask).as_str() {
                    "t" => Outcome::Encrypted,
                    "f" => Outcome::Plain,
                    other => panic!("{other}"),
                }
            }
        }
    }

    /// Each of the words is somewhere in what was said.
    #[track_caller]
    fn refused(&mut self, parameters: &str, words: &[&str]) {
        match self.connect(parameters) {
            Outcome::Refused(said) => {
                assert!(words.iter().all(|word| said.contains(word)), "{parameters}: {said}");
            }
            other => panic!("{parameters}: {other:?}"),
        }
    }
}

#[test]
fn each_sslmode_takes_what_libpq_takes_and_says_what_it_refuses() {
    let mut stand = Stand::new();
    let (ours, theirs) = (Authority::new("Our Authority"), Authority::new("Another's"));
    let root = stand.file("ours.pem", &ours.pem());
    let names = &["127.0.0.1", "localhost"][..];
    let certificates: [(&str, Option<Signed>); 5] = [
        ("good", Some(ours.sign(names))),
        ("other name", Some(ours.sign(&["db.example", "192.0.2.7"]))),
        ("unknown authority", Some(theirs.sign(names))),
        ("expired", Some(ours.sign_expired(names))),
        ("no TLS", None),
    ];
    let (plain, tls) = ("plain", "tls");
    let unknown = "signed by `Another's`, which is not among the authorities of";
    let expired = "or one that signed it, expired on 1999-12-31; renew it";
    let none = "the server offers no TLS";
    let other = "its certificate is for db.example, 192.0.2.7, not for 127.0.0.1; write a name";
    let table = [
        ("sslmode=disable".to_owned(), [plain; 5]),
        ("sslmode=allow".to_owned(), [plain; 5]),
        (String::new(), [tls, tls, tls, tls, plain]),
        ("sslmode=prefer".to_owned(), [tls, tls, tls, tls, plain]),
        ("sslmode=require".to_owned(), [tls, tls, tls, tls, none]),
        (format!("sslmode=require&sslrootcert={root}"), [tls, tls, unknown, expired, none]),
        (format!("sslmode=verify-ca&sslrootcert={root}"), [tls, tls, unknown, expired, none]),
        (format!("sslmode=verify-full&sslrootcert={root}"), [tls, other, unknown, expired, none]),
        (
            format!("sslmode=verify-full&sslrootcert={root}&channel_binding=require"),
            [tls, other, unknown, expired, none],
        ),
        // The address is what is connected to, the host what is verified.
        (format!("sslmode=verify-full&sslrootcert={root}&hostaddr=127.0.0.1"), [tls, other, unknown, expired, none]),
    ];
    for (at, (name, signed)) in certificates.iter().enumerate() {
        stand.server_has(signed.as_ref());
        for (parameters, wanted) in &table {
            let found = stand.connect(parameters);
            let same = match &found {
                Outcome::Plain => wanted[at] == plain,
                Outcome::Encrypted => wanted[at] == tls,
                Outcome::Refused(said) => said.contains(wanted[at]) && said.contains("; "),
            };
            assert!(same, "{name}, {parameters}: {found:?} instead of {}", wanted[at]);
        }
    }
}

#[test]
fn certificates_made_by_hand_are_taken_as_far_as_they_go() {
    let mut stand = Stand::new();
    // An authority's certificate as the server's own, trusted by itself.
    let itself = certificates::by_itself(&["127.0.0.1"]);
    let root = stand.file("itself.pem", &itself.certificate);
    let other = certificates::by_itself(&["127.0.0.1"]);
    let other_root = stand.file("other.pem", &other.certificate);
    stand.server_has(Some(&itself));
    assert_eq!(stand.connect(&format!("sslmode=verify-full&sslrootcert={root}")), Outcome::Encrypted);
    stand.refused(&format!("sslmode=verify-ca&sslrootcert={other_root}"), &["signed by itself, which is not among"]);
    // Of the first version: OpenSSL made them without being asked to.
    let first = certificates::of_first_version();
    let root = stand.file("first.pem", &first.certificate);
    stand.server_has(Some(&first));
    assert_eq!(stand.connect("sslmode=require"), Outcome::Encrypted);
    assert_eq!(stand.connect("sslmode=require&channel_binding=require"), Outcome::Encrypted);
    stand.refused(&format!("sslmode=verify-ca&sslrootcert={root}"), &["X.509's first version", "subjectAltName"]);
    let ours = Authority::new("Our Authority");
    let root = stand.file("ours.pem", &ours.pem());
    stand.server_has(Some(&ours.sign(&[])));
    stand.refused(&format!("sslmode=verify-full&sslrootcert={root}"), &["no host at all", "not for 127.0.0.1"]);
}

#[test]
fn files_of_authorities_that_are_none_are_named() {
    let mut stand = Stand::new();
    let empty = stand.file("empty.pem", "\n");
    let broken = stand.file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAA!\n-----END CERTIFICATE-----\n");
    let folder = stand.folder.path().display().to_string();
    for (file, words) in [
        ("/nowhere/x.pem", "there is no such file"),
        (&empty, "holds no certificate"),
        (&broken, "is not a list of certificates in PEM form"),
        (&folder, "a folder"),
    ] {
        stand.refused(&format!("sslmode=verify-full&sslrootcert={file}"), &["sslrootcert ", file, words]);
    }
}

#[test]
fn what_the_server_lets_in_decides_between_tls_and_none() {
    let mut stand = Stand::new();
    stand.server_has(Some(&certificates::by_itself(&["127.0.0.1"])));
    stand.server_lets("hostnossl all all 127.0.0.1/32 scram-sha-256");
    assert_eq!(stand.connect("sslmode=prefer"), Outcome::Plain);
    stand.refused("sslmode=require", &["pg_hba.conf"]);
    stand.server_lets("hostssl all all 127.0.0.1/32 scram-sha-256");
    assert_eq!(stand.connect("sslmode=allow"), Outcome::Encrypted);
    stand.refused("sslmode=disable", &["no encryption", "sslmode=require"]);
    let port = stand.database.server().port();
    let url = stand.database.url();
    // It means loopback as well, and no certificate can name it so.
    let odd = url.replace("127.0.0.1", "0x7f.1");
    assert_eq!(stand.connect_to(&odd, "sslmode=require"), Outcome::Encrypted);
    // One host after the other: of the first two nothing answers.
    let url = url.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:1,%2Fnowhere,127.0.0.1:{port}"));
    assert_eq!(stand.connect_to(&url, "sslmode=require"), Outcome::Encrypted);
}

#[test]
fn a_socket_never_uses_tls() {
    let mut stand = Stand::new();
    let signed = certificates::by_itself(&["127.0.0.1"]);
    let (server, folder) = (stand.database.server(), "unix_socket_directories");
    server.put("server.crt", &signed.certificate);
    server.put("server.key", &signed.key);
    let sockets = format!("{folder}={}", server.folder().display());
    server.anew_with(&["ssl=on", &sockets]);
    let socket = server.folder().display().to_string().replace('/', "%2F");
    let url = stand.database.url().replace("127.0.0.1", &socket);
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full&sslrootcert=/nowhere"] {
        let parameters = format!("sslmode={mode}");
        assert_eq!(stand.connect_to(&url, &parameters), Outcome::Plain, "{mode}");
    }
}

#[test]
fn a_card_is_claimed_over_a_verified_connection() {
    let mut stand = Stand::new();
    let ours = Authority::new("Our Authority");
    let root = stand.file("ours.pem", &ours.pem());
    stand.server_has(Some(&ours.sign(&["localhost"])));
    // Whatever else there is, nothing comes in without TLS.
    stand.server_lets("hostssl all all samehost scram-sha-256");
    let url = stand.database.url().replace("127.0.0.1", "localhost");
    let sandbox = Sandbox::new();
    let given = format!("{url}?sslmode=verify-full&sslrootcert={root}");
    let asks = |url: &str, args: &[&str]| sandbox.run_with(args, &[("DATABASE_URL", url), ("SSL_CERT_FILE", &root)]);
    assert_eq!(asks(&given, &["backlog", "create", "--id=A", "--title=t"]).code, 0);
    let claimed = asks(&given, &["backlog", "claim", "--owner=lead", "--json"]);
    assert_eq!((claimed.code, claimed.json()["claim_token"].as_u64()), (0, Some(1)), "{claimed:?}");
    // The system's authorities, by word and by default; and only by name with them.
    for parameters in ["sslrootcert=system", "sslmode=verify-full"] {
        let card = asks(&format!("{url}?{parameters}"), &["backlog", "show", "A", "--json"]);
        assert_eq!(card.code, 0, "{parameters}: {card:?}");
    }
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let refused = asks(&format!("{elsewhere}?sslrootcert=system"), &["backlog", "list"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("is for localhost, not for 127.0.0.1"), "{refused:?}");
    // libpq's own file goes before the system's, and makes `require` verify.
    let home = sandbox.root.join("h/.postgresql");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("root.crt"), Authority::new("Another's").pem()).unwrap();
    for mode in ["require", "verify-full"] {
        let refused = asks(&format!("{url}?sslmode={mode}"), &["backlog", "list"]);
        assert_eq!(refused.code, 1, "{mode}: {refused:?}");
        assert!(
            refused.stderr.contains(".postgresql/root.crt") && refused.stderr.contains("`Our Authority`"),
            "{refused:?}"
        );
    }
    fs::write(home.join("root.crt"), ours.pem()).unwrap();
    assert_eq!(asks(&format!("{url}?sslmode=verify-full"), &["backlog", "list"]).code, 0);
}

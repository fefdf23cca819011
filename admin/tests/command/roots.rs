//! The root certificates of the system.

use testkit::app::TestApp;

use super::{command, ended, file};

/// Variables and their values, and the sentence for them.
fn without_roots() -> [(&'static str, String); 4] {
    let empty = file("empty-roots.pem", "");
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let malformed = file("malformed-roots.pem", malformed);
    let folder = empty.with_extension("folder");
    std::fs::create_dir_all(&folder).unwrap();
    [
        ("SSL_CERT_FILE", "/nonexistent/roots.pem".to_owned()),
        ("SSL_CERT_FILE", empty.display().to_string()),
        ("SSL_CERT_FILE", malformed.display().to_string()),
        ("SSL_CERT_DIR", folder.display().to_string()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_root_certificates_says_which_variable_to_set() {
    let app = TestApp::start().await;
    for (name, value) in without_roots() {
        let sentence = format!(
            "{name} leads to no root certificates: set SSL_CERT_FILE to a file with root \
             certificates in PEM"
        );
        for arguments in ["project list", "export", "check", "import --file /dev/null"] {
            let mut command = command(app.address, arguments);
            let ended = ended(command.env(name, &value));
            ended.assert_fails(&sentence);
        }
    }
}

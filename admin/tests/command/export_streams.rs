//! `release-links-admin export`: where its lines go, what ends it early, and what it takes.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use super::export::lines;
use super::terminal::at_terminal;
use super::{Ended, admin, command, ended};
use testkit::app::{TABLE, TestApp};
use testkit::import;
use testkit::proxy::Proxy;

/// Adds the release `v1` with this number of links, whose lines have more than 1,000 bytes each.
fn import(app: &TestApp, links: u32) {
    import::long_release(app.database(), TABLE, "v1", links, 1_000);
}

/// The lines without the time of the export.
fn after_first_line(stdout: &str) -> &str {
    stdout.split_once('\n').unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_same_lines_and_no_progress() {
    let app = TestApp::start().await;
    let expected = admin(&app, "export").stdout;
    let shown = at_terminal(&app, "export", "");
    let shown = (shown.code, shown.stdout.replace("\r\n", "\n"));
    let summary = "exported 1 project, 1 release and 1 link\n";
    let expected = format!("{}{summary}", after_first_line(&expected));
    assert_eq!(
        (shown.0, after_first_line(&shown.1)),
        (Some(0), expected.as_str())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_shown_at_a_terminal_whose_output_is_redirected() {
    let app = TestApp::start().await;
    let shown = at_terminal(&app, "export > /dev/null", "");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let (progress, summary) = shown.stdout.trim_end().rsplit_once("\r\u{1b}[2K").unwrap();
    assert!(progress.contains(" exporting "), "{shown:?}");
    assert_eq!(summary, "exported 1 project, 1 release and 1 link");
}

/// The order of the releases is read in several pages.
#[tokio::test(flavor = "multi_thread")]
async fn all_releases_of_a_project_are_exported_in_the_order_of_release() {
    let app = TestApp::start().await;
    import::releases(app.database(), TABLE, 250);
    let exported = lines(&admin(&app, "export"));
    let tags = exported.iter().filter(|line| line["type"] == "release");
    let tags: Vec<_> = tags.map(|line| line["tag"].as_str().unwrap()).collect();
    let mut expected: Vec<String> = (0..250).map(|n| format!("r{n}")).collect();
    expected.push("v0.1".to_owned());
    expected.sort();
    assert_eq!(tags, expected);
}

/// Starts the command with its standard output and error in pipes.
fn start(command: &mut Command) -> Child {
    let streams = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    streams.spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_closes_the_pipe_ends_the_export_without_an_error() {
    let app = TestApp::start().await;
    import(&app, 100);
    let mut export = start(&mut command(app.address, "export"));
    let mut stdout = export.stdout.take().unwrap();
    let mut first = [0; 40];
    stdout.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"{\"format\":\"release-links\""));
    drop(stdout);
    let ended = Ended::of(export.wait_with_output().unwrap());
    ended.assert(0, "", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_export_with_a_sentence() {
    let app = TestApp::start().await;
    let full = std::fs::File::create("/dev/full").unwrap();
    let ended = ended(command(app.address, "export").stdout(full));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let sentence = "release-links-admin: cannot write to standard output: No space left on device \
                    (os error 28); the export is incomplete\n";
    assert_eq!(ended.stderr, sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_fit_nowhere_end_the_export_with_a_sentence() {
    let app = TestApp::start().await;
    import(&app, 1_000);
    let why = |why: &str| {
        format!(
            "release-links-admin: cannot keep the links of a release in a temporary file ({why}): \
             set TMPDIR to a directory with room for them; the export is incomplete\n"
        )
    };
    let mut without_folder = command(app.address, "export");
    let without_folder = ended(without_folder.env("TMPDIR", "/nonexistent"));
    // A limit on the size of a file stands for a full disk.
    let mut limited = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_release-links-admin");
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {program} export");
    let environment = command(app.address, "");
    let environment = environment
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let limited = ended(limited.args(["-c", &script]).env_clear().envs(environment));
    for (ended, cause) in [
        (without_folder, "No such file or directory (os error 2)"),
        (limited, "File too large (os error 27)"),
    ] {
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(1), why(cause).as_str())
        );
        // The release is not in the export, and what comes before it is.
        assert_eq!(lines(&ended).len(), 4, "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_export_says_that_it_is_incomplete() {
    let app = TestApp::start().await;
    let proxy = Proxy::holding(app.address, "GetItem").await;
    let export = start(&mut command(proxy.address, "export"));
    proxy.held().await;
    let process = export.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &process]).status();
    assert!(interrupted.unwrap().success());
    let ended = Ended::of(export.wait_with_output().unwrap());
    assert_eq!(lines(&ended).len(), 1, "{ended:?}");
    ended.assert(
        1,
        &ended.stdout,
        "release-links-admin: interrupted: the export is incomplete; run the command again to \
         export everything\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_table_ends_the_export_with_a_sentence() {
    let app = TestApp::start().await;
    let proxy = Proxy::holding(app.address, "GetItem").await;
    let export = start(&mut command(proxy.address, "export"));
    proxy.held().await;
    let deletion = app.client.delete_table().table_name(TABLE);
    deletion.send().await.unwrap();
    proxy.release();
    let ended = Ended::of(export.wait_with_output().unwrap());
    assert_eq!(lines(&ended).len(), 1, "{ended:?}");
    let sentence = "there is no table \"release-links\" in eu-central-1: check TABLE_NAME and \
                    AWS_REGION";
    let incomplete = format!("release-links-admin: {sentence}; the export is incomplete\n");
    ended.assert(1, &ended.stdout, &incomplete);
    admin(&app, "export").assert_fails(sentence);
}

/// The most memory that a process has taken so far, in KiB; `None` if it has ended.
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse().ok()
}

/// Exports the release, and returns the number of its lines and the most memory that this took.
fn measure(app: &TestApp) -> (usize, u64) {
    let mut export = start(&mut command(app.address, "export"));
    let (mut stdout, mut lines, mut peak) = (export.stdout.take().unwrap(), 0, 0);
    let mut buffer = vec![0; 1 << 16];
    while let read @ 1.. = stdout.read(&mut buffer).unwrap() {
        peak = peak.max(peak_memory(export.id()).unwrap_or_default());
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
    }
    assert!(export.wait().unwrap().success());
    (lines, peak)
}

/// The links of the second export have 7 MB more than those of the first one.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_many_links_takes_no_more_memory_than_one_of_few() {
    let app = TestApp::start().await;
    import(&app, 1_000);
    let (few, less) = measure(&app);
    import(&app, 7_000);
    let (many, more) = measure(&app);
    assert_eq!((few, many), (1_005, 7_005));
    assert!(more < less + 3 * 1024, "{less} KiB, then {more} KiB");
}

//! The dashboard as a browser renders it, while traffic flows.

mod support;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use gateway::{Config, Demo, Gateway, Traffic};
use support::get;
use tokio::process::Command;

/// Debian's name first, then what others call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = NAMES
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    found.into_iter().find(|file| file.is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_live_figures_of_every_upstream() {
    let Some(browser) = browser() else {
        assert!(std::env::var_os("CI").is_none(), "CI needs chromium for this test");
        println!("skipped: no chromium");
        return;
    };
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let demo = Demo::start(Traffic::Calm).await.unwrap();
    let gateway = Gateway::start_demo(config, demo).await.unwrap();
    // The visitors may find no address of their own; these requests come in any case.
    for _ in 0..30 {
        get(&gateway, "/hello").await;
    }

    let profile = tempfile::tempdir().unwrap();
    let profile_option = format!("--user-data-dir={}", profile.path().display());
    let options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
                   --disable-background-networking --disable-component-update --disable-sync \
                   --virtual-time-budget=3000 --dump-dom";
    let page = format!("http://{}/_gateway/?samples=4", gateway.address());
    let rendering = Command::new(browser)
        .args(options.split_whitespace())
        .args([&profile_option, &page])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let rendering = tokio::time::timeout(Duration::from_mins(1), rendering).await;
    let output = rendering.expect("the browser does not end").unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);

    assert!(dom.contains("data-on=\"true\""), "the page is not live:\n{dom}");
    for id in ["good", "slow", "flaky"] {
        let card = dom.split("<article").find(|card| card.contains(&format!("data-id=\"{id}\"")));
        let card = card.unwrap_or_else(|| panic!("no card for {id}:\n{dom}"));
        for (field, what) in [("rate", "/s"), ("p50", "ms"), ("p99", "ms")] {
            let figure = figure(card, field);
            assert!(figure.parse::<f64>().is_ok(), "{id} shows {field} as {figure:?} {what}");
        }
        assert!(card.contains("breaker closed") || card.contains("breaker open"), "{card}");
    }
    let total = dom.split("id=\"since\">").nth(1).and_then(|rest| rest.split(' ').next());
    let total: u64 = total.unwrap().replace(',', "").parse().unwrap();
    assert!(total >= 30, "{total} requests were counted");
    assert!(gateway.stop().await);
}

/// The text of a figure, up to its unit.
fn figure<'a>(card: &'a str, field: &str) -> &'a str {
    let from = card.split(&format!("data-f=\"{field}\"")).nth(1).unwrap_or_default();
    from.split('>').nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default()
}

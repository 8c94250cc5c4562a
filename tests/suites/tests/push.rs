//! Push on a real server (XEP-0357): a phone sleeps, something is said to it, its server announces that at an app server and
//! says nothing of what it was, and the phone that is woken fetches it in time and sleeps again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use heliograph_lab::phone::View;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, Options, Phone, Software};
use heliograph_model::DeliveryState;
use heliograph_suites::app_server::{Announcement, AppServer};
use heliograph_suites::scene::{GROUP, Scene};

/// What an app server makes of a token and keeps to itself.
const SECRET: &str = "eruio234vzxc2kla-91";

/// How long a woken phone may take: what iOS lets a notification extension run, less a margin.
const DEADLINE: Duration = Duration::from_secs(20);

struct Wakeable {
    scene: Scene,
    app: AppServer,
}

impl Wakeable {
    /// Ana and Ben are in a chat and in a group; Ben's phone can be woken.
    async fn new() -> Self {
        let names = ["ana", "ben"];
        let options = Options { app_server: true, ..Options::with_accounts(&names) };
        let mut scene = Scene::on(options, &names).await;
        let app = AppServer::sign_in(&scene.server).await;
        scene.make_group().await;
        let mut wakeable = Self { scene, app };
        wakeable.write("good morning").await;
        wakeable.scene.shows(1, "good morning").await;
        wakeable.enable("node-of-ben").await;
        wakeable.settle().await;
        wakeable
    }

    async fn enable(&mut self, node: &str) {
        let options = BTreeMap::from([("secret".to_owned(), SECRET.to_owned())]);
        let service = self.scene.server.push_service();
        let enable = Command::PushEnable { service, node: node.to_owned(), options };
        self.scene.phones[1].request(&enable).await.unwrap();
        self.push_is("on").await;
    }

    async fn push_is(&self, state: &str) {
        let is_it = |view: &View| (view.push == state).then_some(());
        self.scene.phones[1].until(&format!("push to be {state}"), NETWORK, is_it).await.unwrap();
    }

    /// Ana writes to Ben.
    async fn write(&mut self, text: &str) {
        let ben = self.scene.phones[1].config().address.clone();
        self.scene.phones[0].request(&Command::message(&ben, text)).await.unwrap();
        self.reached(text, DeliveryState::Sent).await;
    }

    async fn reached(&self, text: &str, state: DeliveryState) {
        let reached = |view: &View| view.reached(text, state).then_some(());
        self.scene.phones[0].until("the server's word", NETWORK, reached).await.unwrap();
    }

    /// Nothing is on its way to Ben any more that his server could announce: he has acknowledged everything up to a text
    /// that he has confirmed.
    async fn settle(&mut self) {
        self.write("are you there?").await;
        self.reached("are you there?", DeliveryState::Delivered).await;
    }

    /// So much has been announced, and nothing was said of it.
    async fn announced(&mut self, count: usize) -> Vec<Announcement> {
        let all = self.app.announced(count).await;
        self.check(count, all)
    }

    /// The first announcement to a phone that went without a word. Prosody fills in a body where there is something to read.
    /// Without one it may announce what such a phone had asked for and not got any more.
    async fn announced_to_a_lost_phone(&mut self) {
        let tells =
            |one: &Announcement| one.summary.get("last-message-body").is_none_or(|body| !body.is_empty());
        let mut all = self.app.announced(1).await;
        if !all.iter().any(tells) {
            all = self.app.announced(2).await;
        }
        all.retain(tells);
        self.check(1, all);
    }

    fn check(&self, count: usize, all: Vec<Announcement>) -> Vec<Announcement> {
        match self.scene.server.software() {
            Software::Prosody => assert_eq!(all.len(), count, "{all:#?}"),
            // It announces once more what was not acknowledged when a connection broke, which wakes and tells nothing.
            Software::Ejabberd => assert!(all.len() >= count, "{all:#?}"),
        }
        for announcement in &all {
            assert_eq!(announcement.options, BTreeMap::from([("secret".into(), SECRET.into())]));
            for private in ["ana", "report", "encrypted", "MLS", GROUP] {
                assert!(!announcement.xml.contains(private), "{private} in {}", announcement.xml);
            }
            let sender = announcement.summary.get("last-message-sender").map_or("", String::as_str);
            assert_eq!(sender, "", "{announcement:?}");
            // Servers may fill the body in with a text of their own, the same for every message.
            assert_eq!(announcement.summary, all[0].summary);
        }
        all
    }

    /// A process of its own wakes up as Ben's phone, and ends in time. Gives what was new.
    async fn wake(&self) -> u64 {
        let start = Instant::now();
        let seconds = DEADLINE.as_secs().to_string();
        let config = self.scene.phones[1].config();
        let (said, code) = Phone::run(config, &["catch-up", "--deadline", &seconds], "").await.unwrap();
        assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
        assert_eq!((&said["ok"]["complete"], code), (&true.into(), 0), "{said}");
        println!("woken, caught up and asleep again in {:?}", start.elapsed());
        said["ok"]["new_messages"].as_u64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_app_was_ended_is_woken_and_fetches_what_came() {
    let mut all = Wakeable::new().await;
    all.scene.phones[1].quit().await.unwrap();
    all.write("report: the bridge is open").await;
    let announced = all.announced(1).await;
    assert_eq!(announced[0].node, "node-of-ben");
    assert_eq!(all.wake().await, 1);

    // Once more, from the sleep that it went back to.
    all.write("report: the bridge is closed").await;
    all.announced(2).await;
    assert_eq!(all.wake().await, 1);
    all.scene.phones[1].restart().await.unwrap();
    let chat = all.scene.phones[0].config().address.clone();
    let texts: Vec<String> = all.scene.phones[1]
        .history(&chat, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|message| message.text)
        .collect();
    let expected =
        ["good morning", "are you there?", "report: the bridge is open", "report: the bridge is closed"];
    assert_eq!(texts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_lost_its_network_is_woken_for_chats_and_groups_alike() {
    for in_group in [false, true] {
        let mut all = Wakeable::new().await;
        all.scene.wires[1].cut();
        all.scene.phones[1].kill().await.unwrap();
        if in_group {
            all.scene.say(0, "report: the bridge is open").await;
            all.scene.archived(0, "report: the bridge is open").await;
        } else {
            all.write("report: the bridge is open").await;
        }
        all.announced_to_a_lost_phone().await;
        all.scene.wires[1].heal();
        assert_eq!(all.wake().await, 1);
    }
}

/// What it asked is answered, and its words come back from the room, before it says goodbye: neither is kept for it to be woken
/// for.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_asks_and_sleeps_at_once_is_not_woken_for_the_answer() {
    let mut all = Wakeable::new().await;
    // Both are still on their way when it goes.
    all.scene.wires[1].latency(Duration::from_millis(150));
    all.scene.say(1, "on our way").await;
    let service = all.scene.server.push_service();
    let options = BTreeMap::from([("secret".to_owned(), SECRET.to_owned())]);
    let enable = Command::PushEnable { service, node: "another-node".to_owned(), options };
    all.scene.phones[1].request(&enable).await.unwrap();
    all.scene.phones[1].request(&Command::Suspend).await.unwrap();
    all.scene.shows(0, "on our way").await;
    // The next announcement is the first.
    all.write("report: the bridge is open").await;
    let announced = all.announced(1).await;
    assert_eq!(announced[0].node, "another-node");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_no_longer_wants_to_be_woken_is_not() {
    let mut all = Wakeable::new().await;
    all.scene.phones[1].request(&Command::PushDisable).await.unwrap();
    all.push_is("off").await;
    all.settle().await;
    all.scene.phones[1].quit().await.unwrap();
    all.write("report: nobody is woken for this").await;
    // The next announcement is the first: there was none in between.
    let (config, service) = (all.scene.phones[1].config().clone(), all.scene.server.push_service());
    let secret = format!("secret={SECRET}\n");
    let arguments = ["push", "enable", &service, "another-node", "--options-stdin"];
    let (said, code) = Phone::run(&config, &arguments, &secret).await.unwrap();
    assert_eq!((&said["ok"]["state"], code), (&"on".into(), 0), "{said}");
    all.write("report: but for this").await;
    let announced = all.announced(1).await;
    assert_eq!(announced[0].node, "another-node");
    let (said, code) = Phone::run(&config, &["push", "status"], "").await.unwrap();
    assert_eq!(
        (&said["ok"]["state"], &said["ok"]["service"], code),
        (&"on".into(), &service.into(), 0),
        "{said}"
    );
    let (said, code) = Phone::run(&config, &["push", "disable"], "").await.unwrap();
    assert_eq!((&said["ok"]["state"], code), (&"off".into(), 0), "{said}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_woken_phone_sleeps_again_in_time_whatever_the_network_does() {
    let mut all = Wakeable::new().await;
    all.scene.phones[1].request(&Command::Suspend).await.unwrap();
    let catch_up = Command::CatchUp { deadline_ms: DEADLINE.as_millis() as u64 };
    // Two pushes at once.
    all.write("report: one").await;
    let first = all.scene.phones[1].send(&catch_up).await.unwrap();
    let second = all.scene.phones[1].send(&catch_up).await.unwrap();
    for tag in [first, second] {
        let reply = |view: &View| view.replies.get(&tag).cloned();
        let report = all.scene.phones[1].until("the report", NETWORK, reply).await.unwrap().unwrap();
        assert_eq!(report["end"], "complete", "{report}");
    }
    asleep(&all.scene.phones[1]);

    // A network on which nothing ever arrives.
    all.scene.wires[1].black_hole();
    let short = Duration::from_secs(3);
    let start = Instant::now();
    let report = all.scene.phones[1].request(&Command::CatchUp { deadline_ms: 3000 }).await.unwrap();
    assert!(start.elapsed() < short, "{:?}", start.elapsed());
    println!("gave up after {:?} of {short:?}", start.elapsed());
    assert_eq!((&report["end"], &report["new_messages"]), (&"deadline".into(), &0.into()), "{report}");
    asleep(&all.scene.phones[1]);

    // No server, and more time than it takes to see that.
    all.scene.wires[1].heal();
    all.scene.server.kill().await.unwrap();
    let start = Instant::now();
    let report = all.scene.phones[1].request(&Command::CatchUp { deadline_ms: 3000 }).await.unwrap();
    assert!(start.elapsed() < short, "{:?}", start.elapsed());
    assert_ne!(report["end"], "complete", "{report}");
    asleep(&all.scene.phones[1]);
    all.scene.server.restart().await.unwrap();

    // The user opens the app while a push is worked on: it stays open.
    let tag = all.scene.phones[1].send(&catch_up).await.unwrap();
    all.scene.phones[1].request(&Command::Resume).await.unwrap();
    let reply = |view: &View| view.replies.get(&tag).cloned();
    all.scene.phones[1].until("the report", NETWORK, reply).await.unwrap().unwrap();
    all.scene.phones[1]
        .until("the connection", NETWORK, |view| view.is_online().then_some(()))
        .await
        .unwrap();
    // A push while it is: the link proves that it stands, and stays.
    let report = all.scene.phones[1].request(&catch_up).await.unwrap();
    assert_eq!(report["end"], "complete", "{report}");
    assert_eq!(all.scene.phones[1].open_connections().unwrap(), 1);
    all.write("report: two").await;
    all.scene.shows(1, "report: two").await;
}

/// The process holds nothing but itself.
#[cfg(target_os = "linux")]
fn asleep(phone: &Phone) {
    let open = phone.open_files().unwrap();
    let database = open.iter().filter(|file| file.to_string_lossy().contains("account.db")).count();
    assert_eq!((database, phone.open_connections().unwrap()), (0, 0), "{open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_not_announce_is_told_apart() {
    let options = Options { push: false, ..Options::with_accounts(&["ana"]) };
    let mut scene = Scene::on(options, &["ana"]).await;
    let enable = Command::PushEnable {
        service: "push.example.org".into(),
        node: "node".into(),
        options: BTreeMap::new(),
    };
    scene.phones[0].request(&enable).await.unwrap();
    let refused = |view: &View| (view.push == "refused").then_some(());
    scene.phones[0].until("the refusal", NETWORK, refused).await.unwrap();
    let status = scene.phones[0].request(&Command::Status).await.unwrap();
    assert_eq!(status["connection"]["lacking"], serde_json::json!(["push-unavailable"]), "{status}");
}

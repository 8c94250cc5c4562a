//! A scene on a real server, phones as processes, each behind a wire of its own.

use std::path::PathBuf;
use std::process::Stdio;

use heliograph_lab::policy::NETWORK;
use heliograph_lab::{
    Command, LabError, Options, Phone, PhoneConfig, Proxy, Server, ServerTree, Tls, workspace,
};
use heliograph_model::DeliveryState;
use tempfile::TempDir;
use tokio::time::timeout;

/// Name of the group that most scenes have.
pub const GROUP: &str = "Bridge team";

/// See the module. Everything ends with it.
pub struct Scene {
    /// The server.
    pub server: Server,
    /// The phones, in the order of their names.
    pub phones: Vec<Phone>,
    /// Each phone's wire.
    pub wires: Vec<Proxy>,
    folder: TempDir,
}

impl Scene {
    /// A server that has everything, and a phone for each name.
    pub async fn new(names: &[&str]) -> Self {
        Self::on(Options::with_accounts(names), names).await
    }

    /// The same on a server with options.
    pub async fn on(options: Options, names: &[&str]) -> Self {
        let mut scene = Self::server(options).await;
        for name in names {
            let config = scene.add_wire(name).await;
            Phone::add_account(&config).await.unwrap();
            scene.phones.push(Phone::spawn(config).unwrap());
        }
        scene
    }

    /// Only the server.
    pub async fn server(options: Options) -> Self {
        let suites = workspace::target().join("suites");
        std::fs::create_dir_all(&suites).unwrap();
        let folder = TempDir::new_in(suites).unwrap();
        let tree = ServerTree::under_test().unwrap();
        let server = Server::start(&tree, &folder.path().join("server"), options).await.unwrap();
        Self { server, phones: Vec::new(), wires: Vec::new(), folder }
    }

    /// What a phone of this account would be, with a wire of its own.
    pub async fn add_wire(&mut self, name: &str) -> PhoneConfig {
        let wire = Proxy::start(self.server.direct_tls_address()).await.unwrap();
        let config = PhoneConfig { server: wire.address().to_string(), ..self.config(name) };
        self.wires.push(wire);
        config
    }

    /// What a phone of this account would be, straight to the server.
    pub fn config(&self, name: &str) -> PhoneConfig {
        let account = self.server.accounts().iter().find(|account| account.name == name).expect("an account");
        PhoneConfig {
            name: name.to_owned(),
            binary: workspace::terminal_shell().unwrap(),
            data: self.folder(name),
            address: self.server.address_of(name),
            password: account.password.clone(),
            server: self.server.direct_tls_address().to_string(),
            tls: Tls::Direct,
            authority: Some(self.server.authority_file()),
            pins: Vec::new(),
            web_socket: None,
        }
    }

    /// A phone's data folder.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The first phone makes the group with all others, and everybody is in.
    pub async fn make_group(&mut self) {
        let members: Vec<String> =
            self.phones[1..].iter().map(|phone| phone.config().address.clone()).collect();
        self.phones[0].request(&Command::group(GROUP, &members)).await.unwrap();
        for phone in &self.phones {
            phone.until("the group", NETWORK, |view| view.active(GROUP).map(|_| ())).await.unwrap();
        }
    }

    /// A phone says something into the group.
    pub async fn say(&mut self, which: usize, text: &str) {
        self.phones[which].request(&Command::message(GROUP, text)).await.unwrap();
    }

    /// Waits until a phone shows a text of somebody else in the group. What a process stored before it died is on its
    /// timeline, but was perhaps never announced.
    pub async fn shows(&mut self, which: usize, text: &str) {
        if self.phones[which].view().active(GROUP).is_some()
            && self.timeline(which).await.iter().any(|shown| shown == text)
        {
            return;
        }
        let what = format!("\"{text}\"");
        self.phones[which].until(&what, NETWORK, |view| view.saying(text).next().map(|_| ())).await.unwrap();
    }

    /// Waits until a phone's own text is in the archive.
    pub async fn archived(&self, which: usize, text: &str) {
        let seen =
            |view: &heliograph_lab::phone::View| view.reached(text, DeliveryState::Archived).then_some(());
        self.phones[which].until("the archive's word", NETWORK, seen).await.unwrap();
    }

    /// The texts of the group as a phone's timeline has them.
    pub async fn timeline(&mut self, which: usize) -> Vec<String> {
        let messages = self.phones[which].history(GROUP, 1000).await.unwrap();
        messages.into_iter().map(|message| message.text).collect()
    }

    /// Asserts that all phones show the same texts in the same order, each exactly once.
    pub async fn everybody_shows(&mut self, texts: &[String]) {
        let order = self.timeline(0).await;
        let (mut shown, mut expected) = (order.clone(), texts.to_vec());
        shown.sort();
        expected.sort();
        assert_eq!(shown, expected, "{} shows something else than was said", self.phones[0].name());
        for which in 1..self.phones.len() {
            assert_eq!(self.timeline(which).await, order, "{} differs", self.phones[which].name());
        }
    }
}

/// Runs a command of the terminal shell on a phone's data, as its owner would, and gives what came of it.
pub async fn shell(config: &PhoneConfig, arguments: &[&str]) -> std::process::Output {
    let mut process = tokio::process::Command::new(&config.binary);
    process.arg("--data").arg(&config.data).args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    timeout(NETWORK, process.output()).await.expect("the command ends").expect("the command runs")
}

/// Whether the process ended by itself.
pub const fn has_ended(error: &LabError) -> bool {
    matches!(error, LabError::PhoneEnded { .. })
}

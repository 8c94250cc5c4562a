//! The server's configuration file.

use std::path::Path;

use crate::server::{COMPONENT_SECRET, Options, PasswordHash, Ports};

/// What every server of the lab has. Without `s2s`: nobody else is there. Without `limits`: it lets 10 kB/s in whatever its
/// settings leave out, and a test is faster than any person. `posix` makes 0.12 end in good order on SIGTERM.
const ALWAYS: [&str; 16] = [
    "roster",
    "saslauth",
    "disco",
    "ping",
    "time",
    "uptime",
    "version",
    "posix",
    "blocklist",
    "carbons",
    "csi_simple",
    "smacks",
    "bookmarks",
    "vcard4",
    "vcard_legacy",
    "offline",
];

/// SASL2, Bind 2, FAST and stream management inside them.
const SASL2: [&str; 4] = ["sasl2", "sasl2_bind2", "sasl2_fast", "sasl2_sm"];

/// What builds on publishing (XEP-0163) and can't be loaded without it.
const ON_PUBLISHING: [&str; 3] = ["bookmarks", "vcard4", "vcard_legacy"];

/// The file's text.
pub(super) fn write(sasl2: bool, folder: &Path, options: &Options, ports: Ports) -> String {
    let file = |name: &str| string(&folder.join(name).to_string_lossy());
    let domain = &options.domain;
    let mut modules: Vec<&str> =
        ALWAYS.into_iter().filter(|module| options.publishing || !ON_PUBLISHING.contains(module)).collect();
    let mut disabled = vec!["s2s"];
    if sasl2 {
        modules.extend(SASL2);
    }
    for (wanted, module) in
        [(options.archive, "mam"), (options.publishing, "pep"), (options.encryption, "tls")]
    {
        if wanted { modules.push(module) } else { disabled.push(module) }
    }
    if options.push {
        modules.push("cloud_notify");
    }
    if options.web_socket {
        modules.push("websocket");
    }
    let hash = match options.password_hash {
        PasswordHash::Sha1 => "SHA-1",
        PasswordHash::Sha256 => "SHA-256",
    };
    let direct_tls = if options.encryption { ports.direct_tls.to_string() } else { String::new() };
    let https = if options.web_socket { ports.https.to_string() } else { String::new() };
    let mut text = format!(
        r#"-- Written by the lab for one run; loopback only.
pidfile = {pidfile}
data_path = {data}
certificates = {certificates}
daemonize = false
run_as_root = true -- a container has no other user; ignored otherwise
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_direct_tls_ports = {{ {direct_tls} }}
legacy_ssl_ports = {{}}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
s2s_ports = {{}}
s2s_direct_tls_ports = {{}}
http_ports = {{}}
https_ports = {{ {https} }}
ssl = {{ options = {{ no_ticket = {no_ticket} }} }}
https_ssl = {{ certificate = {certificate}, key = {key} }}
http_default_host = {host} -- it is called by its address on loopback
c2s_require_encryption = {encryption}
allow_registration = false
authentication = "internal_hashed"
password_hash = "{hash}"
disable_sasl_mechanisms = {hidden}
storage = "internal"
log = {{
  {{ levels = {{ min = "debug" }}, to = "file", filename = {log} }},
  {{ levels = {{ min = "info" }}, to = "stdout" }},
}}
archive_expires_after = "never"
storage_archive_item_limit = 1000000 -- the default would refuse the messages of a long run
smacks_hibernation_time = 600
push_notification_with_body = false
push_notification_with_sender = false
modules_enabled = {modules}
modules_disabled = {disabled}
VirtualHost {host}
  ssl = {{ certificate = {certificate}, key = {key}, protocol = "tlsv1_2+" }}
"#,
        pidfile = file("prosody.pid"),
        data = file("data"),
        certificates = file("certificates"),
        starttls = ports.starttls,
        component = ports.component,
        encryption = options.encryption,
        no_ticket = !options.tls_tickets,
        hidden = list(&options.hidden_mechanisms),
        log = file("server.log"),
        modules = list(&modules),
        disabled = list(&disabled),
        host = string(domain),
        certificate = file(&format!("certificates/{domain}.crt")),
        key = file(&format!("certificates/{domain}.key")),
    );
    if options.rooms {
        text.push_str(&room_service(&options.room_service(), options.archive));
    }
    if options.app_server {
        text.push_str(&app_server(&options.push_service()));
    }
    text
}

fn room_service(address: &str, archive: bool) -> String {
    let modules: &[&str] = if archive { &["muc_mam"] } else { &[] };
    format!(
        r#"Component {address} "muc"
  modules_enabled = {modules}
  restrict_room_creation = false
  muc_room_default_public = false
"#,
        address = string(address),
        modules = list(modules),
    )
}

fn app_server(address: &str) -> String {
    format!("Component {}\n  component_secret = {}\n", string(address), string(COMPONENT_SECRET))
}

/// A Lua table of strings.
fn list<Text: AsRef<str>>(items: &[Text]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item.as_ref())).collect();
    format!("{{ {} }}", items.join(", "))
}

/// A Lua string: everything but plain ASCII as decimal escapes of its bytes (Lua 5.4 manual §3.1).
fn string(text: &str) -> String {
    let inside: String = text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | 0..=31 | 127.. => format!("\\{byte:03}"),
            plain => char::from(plain).to_string(),
        })
        .collect();
    format!("\"{inside}\"")
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn strings_can_not_leave_their_quotes() {
        assert_eq!(string(r#"a"b\c"#), r#""a\034b\092c""#);
        assert_eq!(string("é\n"), r#""\195\169\010""#);
    }
}

//! The server's configuration file.
//!
//! It is written as JSON, which is YAML as well.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::server::{COMPONENT_SECRET, Options, PasswordHash, Ports};

/// The largest stanza that is taken, in bytes.
const STANZA_BYTES: u64 = 1_048_576;

/// How long a session can be resumed, in seconds.
const RESUMABLE_SECONDS: u64 = 600;

/// A mechanism that ejabberd hides unless told otherwise: nobody here has such tokens.
const ALWAYS_HIDDEN: &str = "X-OAUTH2";

/// What every server of the lab has and needs no settings. `mod_auth_fast` keeps its tokens in Mnesia, which may lose the
/// last two seconds when the server is killed; everything else is in an SQL database that does not.
const ALWAYS: [&str; 13] = [
    "mod_adhoc",
    "mod_auth_fast",
    "mod_blocking",
    "mod_caps",
    "mod_carboncopy",
    "mod_client_state",
    "mod_disco",
    "mod_last",
    "mod_offline",
    "mod_ping",
    "mod_privacy",
    "mod_private",
    "mod_time",
];

/// The file with the server's certificate and key.
pub(super) fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificates").join("server.pem")
}

/// The file's text.
pub(super) fn write(folder: &Path, options: &Options, ports: Ports) -> String {
    let mut hidden = options.hidden_mechanisms.clone();
    hidden.push(ALWAYS_HIDDEN.to_owned());
    let mut listen = vec![listener(
        ports.starttls,
        if options.encryption {
            json!({ "starttls": true, "starttls_required": true })
        } else {
            json!({ "starttls": false })
        },
    )];
    if options.encryption {
        listen.push(listener(ports.direct_tls, json!({ "tls": true })));
    }
    if options.app_server {
        let secret = json!({ "password": COMPONENT_SECRET });
        listen.push(json!({
            "port": ports.component,
            "ip": "127.0.0.1",
            "module": "ejabberd_service",
            "hosts": Value::Object([(options.push_service(), secret)].into_iter().collect()),
        }));
    }
    if options.web_socket {
        listen.push(json!({
            "port": ports.https,
            "ip": "127.0.0.1",
            "module": "ejabberd_http",
            "tls": true,
            "default_host": options.domain,
            "request_handlers": { "/xmpp-websocket": "ejabberd_http_ws" },
        }));
    }
    let configuration = json!({
        "hosts": [options.domain],
        "loglevel": "info",
        "log_rotate_count": 0,
        "certfiles": [certificate(folder)],
        "ca_file": folder.join("authority.pem"),
        "acme": { "auto": false },
        "auth_method": ["sql"],
        "auth_password_format": "scram",
        "auth_scram_hash": match options.password_hash {
            PasswordHash::Sha1 => "sha",
            PasswordHash::Sha256 => "sha256",
        },
        "disable_sasl_mechanisms": hidden,
        "default_db": "sql",
        "sql_type": "sqlite",
        "sql_database": folder.join("data").join("ejabberd.sqlite"),
        "language": "en",
        "access_rules": { "local": { "allow": "all" } },
        // A test is faster than any person.
        "shaper": {},
        "listen": listen,
        "modules": modules(options),
    });
    format!("{configuration:#}\n")
}

fn listener(port: u16, security: Value) -> Value {
    let mut listener = json!({
        "port": port,
        "ip": "127.0.0.1",
        "module": "ejabberd_c2s",
        "max_stanza_size": STANZA_BYTES,
    });
    merge(&mut listener, security);
    listener
}

fn modules(options: &Options) -> Value {
    let mut modules = Value::Object(ALWAYS.iter().map(|name| ((*name).to_owned(), json!({}))).collect());
    merge(
        &mut modules,
        json!({
            "mod_roster": { "versioning": true },
            "mod_stream_mgmt": { "resend_on_timeout": "if_offline", "resume_timeout": RESUMABLE_SECONDS },
            "mod_vcard": { "search": false },
            "mod_version": { "show_os": false },
        }),
    );
    if options.archive {
        merge(&mut modules, json!({ "mod_mam": { "assume_mam_usage": true, "default": "always" } }));
    }
    if options.push {
        let push = json!({ "include_body": false, "include_sender": false });
        merge(&mut modules, json!({ "mod_push": push, "mod_push_keepalive": {} }));
    }
    if options.rooms {
        let room = json!({ "mam": options.archive, "public": false });
        merge(
            &mut modules,
            json!({ "mod_muc": { "host": options.room_service(), "default_room_options": room } }),
        );
    }
    if options.publishing {
        let bookmarks = json!({ "storage:bookmarks": { "access_model": "whitelist" } });
        merge(
            &mut modules,
            json!({ "mod_pubsub": {
                "host": format!("publishing.{}", options.domain),
                "access_createnode": "local",
                "plugins": ["flat", "pep"],
                "force_node_config": bookmarks,
            } }),
        );
    }
    modules
}

/// Adds the fields of one object to another.
fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

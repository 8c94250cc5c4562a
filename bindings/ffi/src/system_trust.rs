//! The app introduces itself to Android's certificate verifier.
//!
//! The one call that does not go through UniFFI: it takes a Java object, which that knows nothing of. The class it belongs to
//! is `bindings/kotlin/src/main/org/heliograph/SystemTrust.kt`; a test compares the two names.

use heliograph_client::introduce as introduce_app;
use jni::errors::LogErrorAndDefault;
use jni::objects::JObject;
use jni::sys::jboolean;
use jni::{EnvUnowned, jni_mangle};

/// `SystemTrust.introduce(context)`: whether it was done.
#[jni_mangle("org.heliograph.SystemTrust")]
pub fn introduce<'caller>(
    mut env: EnvUnowned<'caller>,
    _instance: JObject<'caller>,
    context: JObject<'caller>,
) -> jboolean {
    env.with_env(|env| {
        let done = introduce_app(env, &context);
        // The answer says that it failed; an exception besides would be a second one.
        if env.exception_check() {
            env.exception_clear();
        }
        done.map(|()| true)
    })
    .resolve::<LogErrorAndDefault>()
}

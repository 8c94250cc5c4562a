//! The core for iOS: a framework that Xcode takes for every kind of device (XCFramework), inside a Swift package that an app adds
//! by its folder.
//!
//! Libraries for iOS can be built on a Mac with Xcode only, so only that is missing elsewhere: what the package consists of
//! beside them is written and looked at by the stage `swift`, wherever that runs.
//!
//! Read first: [`make`], then [`package`].

mod library;
pub mod package;
mod tools;

use std::path::PathBuf;

use heliograph_lab::workspace;

use crate::swift::sources;
use crate::test::Outcome;
use crate::test::process::Programs;

use package::Package;
pub use tools::check_tools;

/// The oldest iOS that the packages and the app are written for; `bindings/swift/Package.swift` says the same.
const OLDEST_IOS: u32 = 17;

/// The framework's file, in the package and in `bindings/swift`, where the app in `ios/` looks for it.
const FRAMEWORK: &str = "HeliographFFI.xcframework";

/// Makes the framework and the package; gives the package's folder. What else `ios/` needs is put in place as well.
pub async fn make(programs: &mut Programs) -> anyhow::Result<Result<PathBuf, Outcome>> {
    let folder = workspace::target().join("ios");
    let package = Package::below(&folder);
    for command in library::builds() {
        if let Some(failure) = programs.run(command).await? {
            return Ok(Err(failure));
        }
    }
    let libraries = library::Libraries::in_folder(&folder)?;
    if let Some(failure) = package.write(&libraries.device, programs).await? {
        return Ok(Err(failure));
    }
    let framework = package.folder().join(FRAMEWORK);
    let in_place = workspace::root().join(sources::PACKAGE);
    package::clear(&in_place.join(FRAMEWORK))?;
    let mut commands = vec![libraries.join(), libraries.framework(&package.headers(), &framework)];
    commands.extend(sources::generators_in_place(&libraries.device));
    // With links kept, as `cp -R` keeps them.
    let mut copy = tokio::process::Command::new("cp");
    copy.arg("-R").arg(&framework).arg(&in_place);
    commands.push(copy);
    for command in commands {
        if let Some(failure) = programs.run(command).await? {
            return Ok(Err(failure));
        }
    }
    Ok(Ok(package.folder()))
}

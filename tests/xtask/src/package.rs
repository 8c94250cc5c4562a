//! `cargo xtask package …`: what is handed to app developers and phones.
//!
//! Before anything is built, the command looks for the tools that it needs and names all that are missing.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::android::{aar, apk, native, shell::Shell};
use crate::test::process::Programs;
use crate::test::stand::Profile;
use crate::test::{Outcome, kotlin};
use crate::{ios, python};

/// What to package.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The Kotlin library with the core inside, as an AAR for phones and emulators; needs Android's NDK and cargo-ndk.
    Android(Android),
    /// The Swift package with the core inside, as an XCFramework for devices and simulators; needs a Mac with Xcode.
    Ios,
    /// The Python module with the core inside, as a wheel for this machine's platform.
    Python,
}

#[derive(Args)]
struct Android {
    /// Make the Android shell as an APK as well, signed with a key that is thrown away: to try it on a phone.
    #[arg(long)]
    apk: bool,
    /// Leave the core's native libraries out: shows that the rest can be packaged where the NDK is missing.
    #[arg(long)]
    without_native: bool,
}

/// Packages.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut programs = Programs::of("package")?;
    let outcome = match arguments.what {
        What::Android(Android { apk, without_native }) => {
            if !without_native {
                native::check_tools()?;
            }
            println!(
                "Building the core and the Kotlin module (the first time this takes several minutes) ..."
            );
            Box::pin(android(apk, !without_native, &mut programs)).await?
        }
        What::Ios => ios(&mut programs).await?,
        What::Python => python(&mut programs).await?,
    };
    match outcome {
        Outcome::Failed { output, .. } => {
            eprintln!("{output}");
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Makes the Swift package.
async fn ios(programs: &mut Programs) -> anyhow::Result<Outcome> {
    ios::check_tools()?;
    println!("Building for three kinds of device (the first time this takes half an hour) ...");
    Ok(announced(ios::make(programs).await?, programs))
}

/// Makes the wheel.
async fn python(programs: &mut Programs) -> anyhow::Result<Outcome> {
    python::check_tools()?;
    println!("Building in release mode (the first time this takes several minutes) ...");
    Ok(announced(python::make(Profile::Release, programs).await?, programs))
}

/// Says where the package is that was made.
fn announced(made: Result<PathBuf, Outcome>, programs: &Programs) -> Outcome {
    match made {
        Ok(package) => {
            println!("  {}", package.display());
            Outcome::Passed(programs.counts())
        }
        Err(failure) => failure,
    }
}

/// Makes the AAR, and the APK if wanted; says where they are.
pub async fn android(with_apk: bool, with_native: bool, programs: &mut Programs) -> anyhow::Result<Outcome> {
    if with_native && let Some(failure) = programs.run(native::build()).await? {
        return Ok(failure);
    }
    let heliograph = match kotlin::build(programs, Profile::Debug).await? {
        Ok(built) => built,
        Err(failure) => return Ok(failure),
    };
    let library = aar::make(&heliograph.classes, with_native)?;
    println!("  {}", library.display());
    if with_apk {
        let shell = match Shell::build(&heliograph.class_path(), programs).await? {
            Ok(shell) => shell,
            Err(failure) => return Ok(failure),
        };
        let parts = apk::Parts {
            heliograph: heliograph.classes.to_vec(),
            libraries: heliograph.libraries.clone(),
            with_native,
        };
        match Box::pin(apk::make(&shell, &parts, programs)).await? {
            Ok(file) => println!("  {}", file.display()),
            Err(failure) => return Ok(failure),
        }
    }
    Ok(Outcome::Passed(programs.counts()))
}

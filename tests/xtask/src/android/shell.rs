//! The Android shell, from its sources to its tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::process::Command;

use super::library::{self, Library};
use super::resources::Resources;
use super::sdk::Sdk;
use super::tools::Tools;
use crate::jvm::kotlin::Module;
use crate::jvm::{Artefacts, junit, kotlin};
use crate::test::Outcome;
use crate::test::process::Programs;

/// The lock file of what the shell is built on.
pub const LOCK: &str = "android";

/// The lock file of what its tests need besides.
pub const TEST_LOCK: &str = "android-test";

/// The lock file of the tools that are jars.
pub const TOOLS_LOCK: &str = "android-tools";

/// Compose's part of the compiler.
const COMPOSE: &str = "org.jetbrains.kotlin:kotlin-compose-compiler-plugin-embeddable";

/// Virtual time for coroutines.
const COROUTINES_TEST: &str = "org.jetbrains.kotlinx:kotlinx-coroutines-test-jvm";

/// Memory for the tests: an Android for each API level, and pictures.
const TEST_HEAP: &str = "-Xmx3g";

/// Android's annotations say more than the sources of other people heed, so that what they say is a warning and no error.
const NULLABILITY: &str = "-Xnullability-annotations=@android.annotation:warn";

/// The shell, compiled.
pub struct Shell {
    /// Its resources.
    pub resources: Resources,
    /// What it was built on.
    pub libraries: Vec<Library>,
    /// What it was compiled against.
    pub sdk: Sdk,
    state: Module,
    app: Module,
}

impl Shell {
    /// Compiles it on `heliograph`: the classes of the Kotlin library and of what that stands on.
    pub async fn build(
        heliograph: &[PathBuf],
        programs: &mut Programs,
    ) -> anyhow::Result<Result<Self, Outcome>> {
        let (tools, sdk, artefacts) = (Tools::find()?, Sdk::get()?, Artefacts::of(LOCK)?);
        let libraries = library::libraries(&artefacts.libraries())?;
        let resources = match Resources::link(&tools, &sdk, &libraries, programs).await? {
            Ok(resources) => resources,
            Err(failure) => return Ok(Err(failure)),
        };

        let state = Module {
            name: "android-state".to_owned(),
            sources: vec![super::sources().join("state/src/main/kotlin")],
            class_path: heliograph.to_vec(),
            arguments: kotlin::strict(),
        };
        let mut class_path = vec![resources.classes(), state.classes()];
        class_path.extend(heliograph.iter().cloned());
        class_path.extend(library::classes(&libraries));
        class_path.extend(artefacts.class_path());
        class_path.push(sdk.code()?.to_owned());
        let app = Module {
            name: "android-app".to_owned(),
            sources: vec![super::sources().join("app/src/main/kotlin")],
            class_path,
            arguments: arguments()?,
        };
        for module in [&state, &app] {
            if let Some(failure) =
                kotlin::compile(module, async |command| programs.run(command).await).await?
            {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(Self { resources, libraries, sdk, state, app }))
    }

    /// The classes of the shell, of its screens' state and of its resources.
    pub fn classes(&self) -> Vec<PathBuf> {
        vec![self.app.classes(), self.state.classes(), self.resources.classes()]
    }

    /// Compiles the tests of the screens' state, which need no Android, and gives the program that runs them.
    pub async fn state_tests(&self, programs: &mut Programs) -> anyhow::Result<Result<Command, Outcome>> {
        let mut class_path = vec![self.state.classes()];
        class_path.extend(self.state.class_path.iter().cloned());
        class_path.push(Artefacts::of(TEST_LOCK)?.file(COROUTINES_TEST)?.to_owned());
        let tests = Module {
            name: "android-state-tests".to_owned(),
            sources: vec![super::sources().join("state/src/test/kotlin"), fixtures()],
            class_path: class_path.iter().cloned().chain(Artefacts::of(junit::LOCK)?.class_path()).collect(),
            arguments: vec![
                format!("-Xfriend-paths={}", self.state.classes().display()),
                "-Werror".to_owned(),
            ],
        };
        if let Some(failure) = kotlin::compile(&tests, async |command| programs.run(command).await).await? {
            return Ok(Err(failure));
        }
        junit::tests(&tests.classes(), &class_path, &[], None).map(Ok)
    }

    /// Compiles the tests, and gives the program that runs those whose class has `only` in its name (see [`junit::tests`]).
    pub async fn tests(
        &self,
        only: Option<&str>,
        settings: &[String],
        programs: &mut Programs,
    ) -> anyhow::Result<Result<Command, Outcome>> {
        let artefacts = Artefacts::of(TEST_LOCK)?;
        let mut class_path = vec![self.app.classes()];
        // Before Android's own: the rules of Robolectric stand in for parts of it.
        class_path.extend(artefacts.class_path());
        class_path.extend(library::classes(&library::libraries(&artefacts.libraries())?));
        class_path.extend(self.app.class_path.iter().cloned());
        let mut arguments = arguments()?;
        arguments.push(format!("-Xfriend-paths={}", self.app.classes().display()));
        let tests = Module {
            name: "android-tests".to_owned(),
            sources: vec![super::sources().join("app/src/test/kotlin"), fixtures()],
            class_path: class_path.clone(),
            arguments,
        };
        if let Some(failure) = kotlin::compile(&tests, async |command| programs.run(command).await).await? {
            return Ok(Err(failure));
        }
        class_path.push(self.test_configuration()?);
        let mut all = vec![
            TEST_HEAP.to_owned(),
            // All draw as a phone does. An Android that does not would be another one, made for half a minute.
            "-Drobolectric.graphicsMode=NATIVE".to_owned(),
            // Nothing is downloaded while testing.
            "-Drobolectric.offline=true".to_owned(),
            format!("-Drobolectric.dependency.dir={}", self.sdk.for_robolectric()?.display()),
            format!("-Dheliograph.screenshots={}", super::folder().join("screenshots").display()),
            format!("-Dheliograph.references={}", super::sources().join("app/src/test/pictures").display()),
        ];
        all.extend_from_slice(settings);
        junit::tests(&tests.classes(), &class_path, &all, only).map(Ok)
    }

    /// A folder with the file that tells Robolectric where the shell's resources are.
    fn test_configuration(&self) -> anyhow::Result<PathBuf> {
        let folder = super::folder().join("test-configuration");
        let file = folder.join("com/android/tools/test_config.properties");
        fs::create_dir_all(file.parent().unwrap_or(&folder)).context("creating the tests' folder")?;
        let text = format!(
            "android_merged_manifest={}\nandroid_resource_apk={}\nandroid_custom_package={}\n",
            self.resources.manifest().display(),
            self.resources.apk().display(),
            super::PACKAGE,
        );
        fs::write(&file, text).context("writing the tests' configuration")?;
        Ok(folder)
    }
}

/// What the tests of the screens' state and those of the shell share.
fn fixtures() -> PathBuf {
    super::sources().join("state/src/testFixtures/kotlin")
}

fn arguments() -> anyhow::Result<Vec<String>> {
    let compose = Artefacts::of(TOOLS_LOCK)?;
    let compose: &Path = compose.file(COMPOSE)?;
    Ok(vec![format!("-Xplugin={}", compose.display()), NULLABILITY.to_owned(), "-Werror".to_owned()])
}

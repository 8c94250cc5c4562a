// The Kotlin library of bindings/kotlin with the core's native libraries, which cargo-ndk builds.

plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
}

val workspace = rootProject.projectDir.parentFile
val natives = layout.buildDirectory.dir("jni")
val bindings = layout.buildDirectory.dir("generated/heliograph")

// ABIs, profile and linker: see tests/xtask/src/android/native.rs, which builds the same.
val buildCore by tasks.registering(Exec::class) {
    workingDir = workspace
    environment(
        "RUSTFLAGS",
        "-C link-arg=-Wl,-z,max-page-size=16384 -C link-arg=-Wl,--pack-dyn-relocs=android",
    )
    commandLine(
        "cargo", "ndk", "--target", "arm64-v8a", "--target", "armeabi-v7a", "--target", "x86_64",
        "--platform", "26", "--output-dir", natives.get().asFile.path,
        "build", "--profile", "phone", "-p", "heliograph-ffi",
    )
}

val buildCoreForThisComputer by tasks.registering(Exec::class) {
    workingDir = workspace
    commandLine("cargo", "build", "-p", "heliograph-ffi")
}

val generateBindings by tasks.registering(Exec::class) {
    dependsOn(buildCoreForThisComputer)
    workingDir = workspace
    commandLine(
        "cargo", "run", "-p", "heliograph-bindgen", "--", "generate", "--no-format", "--language", "kotlin",
        "--out-dir", bindings.get().asFile.path, "target/debug/${System.mapLibraryName("heliograph_ffi")}",
    )
}

android {
    namespace = "org.heliograph.library"
    compileSdk = 35
    defaultConfig {
        minSdk = 26
        consumerProguardFiles("../../bindings/kotlin/rules.txt")
        ndk { abiFilters += setOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }
    sourceSets.named("main") {
        kotlin.srcDirs("../../bindings/kotlin/src/ids", "../../bindings/kotlin/src/main", bindings)
        jniLibs.srcDir(natives)
    }
}

kotlin { jvmToolchain(17) }

tasks.named("preBuild") { dependsOn(generateBindings, buildCore) }

dependencies {
    api(libs.kotlinx.coroutines.android)
    implementation(libs.rustls.platform.verifier)
    implementation(libs.jna) { artifact { type = "aar" } }
}

import groovy.json.JsonSlurper

pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

// The core's certificate verifier has a half in Kotlin. A crate brings it along, in a folder that is a Maven
// repository; only Cargo knows where that is.
val verifierRepository: File = run {
    val metadata = providers.exec {
        workingDir = rootDir.parentFile
        commandLine("cargo", "metadata", "--format-version", "1", "--filter-platform", "aarch64-linux-android")
    }.standardOutput.asText.get()
    val packages = (JsonSlurper().parseText(metadata) as Map<*, *>)["packages"] as List<*>
    val crate = packages.map { it as Map<*, *> }.first { it["name"] == "rustls-platform-verifier-android" }
    File(crate["manifest_path"] as String).resolveSibling("maven")
}

dependencyResolutionManagement {
    repositoriesMode.set(RepositoriesMode.FAIL_ON_PROJECT_REPOS)
    repositories {
        google()
        mavenCentral()
        maven {
            url = uri(verifierRepository)
            metadataSources.artifact()
            content { includeGroup("rustls") }
        }
    }
}

rootProject.name = "heliograph"
include(":library", ":app")

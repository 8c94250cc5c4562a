// swift-tools-version: 6.0
import PackageDescription

// Heliograph with the core inside. Written by `cargo xtask package ios`.
let package = Package(
    name: "Heliograph",
    platforms: [.iOS(.vIOS_VERSION)],
    products: [.library(name: "Heliograph", targets: ["Heliograph"])],
    targets: [
        .binaryTarget(name: "C_MODULE", path: "FRAMEWORK_FILE"),
        // Generated. Swift 6 has objections to the generator's code, so it stays in the language of Swift 5.
        .target(
            name: "HeliographCore",
            dependencies: ["C_MODULE"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [SYSTEM_FRAMEWORKS]
        ),
        .target(
            name: "Heliograph",
            dependencies: ["HeliographCore"],
            swiftSettings: [.swiftLanguageMode(.v6)]
        ),
    ]
)

// swift-tools-version: 6.0
import PackageDescription

// Everything of the iOS app that needs no view: built and tested on Linux, too.
let package = Package(
    name: "HeliographKit",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "HeliographKit", targets: ["HeliographKit"])],
    dependencies: [.package(name: "Heliograph", path: "../../bindings/swift")],
    targets: [
        .target(name: "HeliographKit", dependencies: [.product(name: "Heliograph", package: "Heliograph")]),
        .testTarget(
            name: "HeliographKitTests",
            dependencies: ["HeliographKit"],
            // Swift 6.0's own library for observation on Linux lacks a function, which it calls before it aborts only.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"], .when(platforms: [.linux]))]
        ),
    ]
)

#if os(Linux) || os(macOS)
    // The notification extension as a process of its own, for the tests.
    package.targets.append(
        .executableTarget(
            name: "PushWakeProgram",
            dependencies: ["HeliographKit"],
            path: "Tests/PushWakeProgram",
            linkerSettings: [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"], .when(platforms: [.linux]))]))
#endif

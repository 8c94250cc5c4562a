// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The library of the core. While developing it is the one that cargo built, in the folder that HELIOGRAPH_LIBRARY names;
// in a package for apps it is the framework beside this file.
let folder = Context.environment["HELIOGRAPH_LIBRARY"]

let library: Target =
    folder == nil
    ? .binaryTarget(name: "heliographFFI", path: "HeliographFFI.xcframework")
    : .systemLibrary(name: "heliographFFI")

let package = Package(
    name: "Heliograph",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Heliograph", targets: ["Heliograph"])],
    targets: [
        library,
        // Generated. Swift 6 has objections to the generator's code, so it stays in the language of Swift 5.
        .target(
            name: "HeliographCore",
            dependencies: ["heliographFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: folder.map { [.unsafeFlags(["-L\($0)"]), .linkedLibrary("heliograph_ffi")] } ?? []
        ),
        .target(
            name: "Heliograph",
            dependencies: ["HeliographCore"],
            swiftSettings: [.swiftLanguageMode(.v6)]
        ),
        .testTarget(
            name: "HeliographTests",
            dependencies: ["Heliograph"],
            swiftSettings: [.swiftLanguageMode(.v6)]
        ),
    ]
)

// The quick start of README.md, which the tests put there.
if FileManager.default.fileExists(atPath: Context.packageDirectory + "/Tests/QuickStart/main.swift") {
    package.targets.append(
        .executableTarget(name: "QuickStart", dependencies: ["Heliograph"], path: "Tests/QuickStart"))
}

#if os(Linux)
    // The tests look for what is left behind, in the allocator's books.
    package.targets.append(.systemLibrary(name: "CMalloc", path: "Tests/CMalloc"))
    package.targets.first { $0.name == "HeliographTests" }?.dependencies.append("CMalloc")
#endif

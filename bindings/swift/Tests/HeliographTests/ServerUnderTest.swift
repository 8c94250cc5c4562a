import Foundation
import Heliograph

/// What the runner tells these tests, in the environment variables that the README lists. A missing one is an error and
/// never a skipped test.
enum ServerUnderTest {
    /// How long anything may take before a test fails. Two orders of magnitude above what it takes on an idle machine,
    /// because a busy one must not make a right answer look wrong.
    static let deadline = Duration.seconds(60)

    static let host = String(address.dropLast(address.split(separator: ":").last!.count + 1))
    static let port = UInt16(address.split(separator: ":").last!)!
    static let authority = try! String(contentsOfFile: required("HELIOGRAPH_CA"), encoding: .ascii)
    static let authorityFile = required("HELIOGRAPH_CA")
    static let address = required("HELIOGRAPH_SERVER")
    static let rooms = required("HELIOGRAPH_ROOMS")
    static let terminalShell = URL(filePath: required("HELIOGRAPH_BINARY"))

    /// Accounts by the part that they play. No part is played twice: a phone that is set up anew has new keys, and those who
    /// knew the old ones are right to be suspicious.
    enum Part: String {
        case ana, ben, chloe, dora, eve, finn, gina, hugo, ida, jan
    }

    static func account(_ part: Part) -> Account {
        let entry = required("HELIOGRAPH_ACCOUNTS").split(separator: ",").first { $0.hasPrefix(part.rawValue + ":") }!
        let password = entry.dropFirst(part.rawValue.count + 1)
        return Account(address: "\(part)@\(required("HELIOGRAPH_DOMAIN"))", password: String(password))
    }

    private static func required(_ name: String) -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            fatalError("\(name) is not set: bindings/swift/README.md says what these tests need")
        }
        return value
    }
}

/// An account on the server under test.
struct Account {
    let address: String
    let password: String

    /// How to sign in.
    func configuration(password: String? = nil, authority: String? = ServerUnderTest.authority) -> AccountConfig {
        AccountConfig(
            address: address,
            password: password ?? self.password,
            server: ServerOverride(host: ServerUnderTest.host, port: ServerUnderTest.port, tls: .startTls),
            extraCaPem: authority
        )
    }
}

/// A folder that is gone when the test is over.
final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "heliograph-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// A new database with a new key.
    func store(_ name: String = "phone") -> StoreLocation {
        StoreLocation(file: url.appending(path: "\(name).db"), key: .random())
    }

    var isEmpty: Bool {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).isEmpty }
    }
}

extension Data {
    static func random() -> Data {
        Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
}

/// Why a test waited in vain.
struct WaitedInVain: Error, CustomStringConvertible {
    let what: String
    var description: String { "waited in vain \(what)" }
}

/// Runs `work`; it fails if that takes longer than the deadline.
func within<Value: Sendable>(
    deadlineFor what: String,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: ServerUnderTest.deadline)
            throw WaitedInVain(what: what)
        }
        defer { group.cancelAll() }
        return try await group.next()!
    }
}

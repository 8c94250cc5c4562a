import Foundation
import Heliograph

/// The terminal shell in a process of its own, driven through its line protocol (`heliograph chat --json`).
final class TerminalShell: Sendable {
    /// What it says: one JSON object per line.
    struct Event: Decodable, Sendable {
        struct Failure: Decodable, Sendable { let code: String }
        let event: String
        var id: Identifier?
        var kind: String?
        var state: String?
        var name: String?
        var text: String?
        var security: String?
        var sender: String?
        var conversation: Int64?
        var error: String?
        var members: [String]?

        enum CodingKeys: String, CodingKey {
            case event, id, kind, state, name, text, security, sender, conversation, members
        }
    }

    /// A number of a conversation or the text of a message.
    enum Identifier: Decodable, Sendable, Equatable {
        case number(Int64)
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            self =
                if let number = try? value.decode(Int64.self) { .number(number) } else {
                    .text(try value.decode(String.self))
                }
        }
    }

    private let process: Process
    private let input: FileHandle
    private let lines: AsyncStream<Event>

    /// Signs in, then runs `heliograph chat --json`.
    init(_ account: Account, in folder: Folder) throws {
        let data = folder.url.appending(path: "shell").path
        let adding = Self.process([
            "--data", data, "--json", "account", "add", account.address, "--password-stdin",
            "--server", ServerUnderTest.address, "--tls", "starttls", "--ca", ServerUnderTest.authorityFile,
        ])
        let password = Pipe()
        adding.standardInput = password
        adding.standardOutput = FileHandle.nullDevice
        try adding.run()
        try password.fileHandleForWriting.write(contentsOf: Data("\(account.password)\n".utf8))
        try password.fileHandleForWriting.close()
        adding.waitUntilExit()
        precondition(adding.terminationStatus == 0, "the terminal shell could not sign in")

        process = Self.process(["--data", data, "--json", "chat"])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        self.input = input.fileHandleForWriting
        let (lines, said) = AsyncStream<Event>.makeStream()
        self.lines = lines
        try process.run()
        Thread.detachNewThread {
            var rest = Data()
            while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    if let event = try? JSONDecoder().decode(Event.self, from: rest[..<end]) { said.yield(event) }
                    rest = rest[rest.index(after: end)...]
                }
            }
            said.finish()
        }
    }

    private static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = ServerUnderTest.terminalShell
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        return process
    }

    /// Gives a command.
    func command(_ command: [String: String]) throws {
        try input.write(contentsOf: JSONEncoder().encode(command) + Data("\n".utf8))
    }

    /// The first event from now on that is as expected.
    func until(_ what: String, _ expected: @escaping @Sendable (Event) -> Bool) async throws -> Event {
        try await within(deadlineFor: "for the terminal shell: \(what)") { [lines] in
            for await event in lines where expected(event) { return event }
            throw CancellationError()
        }
    }

    /// Ends it.
    func end() {
        process.terminate()
    }
}

import Foundation
import Testing

@testable import Heliograph

#if os(Linux)
    import CMalloc
#endif

/// Tasks that are cancelled while they wait. Nothing here needs a connection: what this phone writes is announced like
/// everything else.
@Suite(.serialized) struct Cancelling {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test func aWaitThatIsGivenUpLosesNothing() async throws {
        let ida = try await Phone.signedIn(.ida, in: folder)
        let chat = try await ida.client.startChat(with: "ben@example.org")
        let messages = try await ida.client.allMessages()
        let heard = Heard()
        let last = "200"
        for round in 0..<200 {
            // One listener after the other on the same subscription, each cancelled at another moment.
            let listening = Task {
                for try await message in messages { await heard.add(message) }
            }
            for _ in 0..<round % 8 { await Task.yield() }
            try await ida.client.send(String(round), to: chat)
            for _ in 0..<round % 5 { await Task.yield() }
            listening.cancel()
            try await listening.value
        }
        try await ida.client.send(last, to: chat)
        // What is missing before the last one is lost: it can't come any more.
        try await within(deadlineFor: "for the last text") {
            for try await message in messages {
                await heard.add(message)
                if message.text == last { return }
            }
        }
        #expect(await heard.texts == (0...200).map(String.init))

        try await subscribeAndCancel(ida.client, chat)
        try await ida.client.shutdown()
        #expect(threads(named: "heliograph") == 0)
    }

    /// More rounds than any table of handles, pool of threads or limit of files would stand if one of them leaked.
    private let rounds = 10_000

    /// What may be left of all rounds together: what the allocator keeps for each thread settles within some 20,000 rounds at
    /// less than this. A subscription that stays behind has several times 100 bytes.
    private let bytesLeft = 1_000_000

    /// Tasks of a client that is not connected and that nobody asks anything: the one that drives the engine.
    private let ownTasks: UInt64 = 1

    /// What is opened once, whenever it is needed for the first time: the store's two connections for reading, of two
    /// files each, and what the system's dispatcher waits with. Of a leak there would be thousands.
    private let filesOpenedLate = 12

    private func subscribeAndCancel(_ client: Client, _ chat: ConversationID) async throws {
        // What is made once: pools, caches.
        for round in 0..<2_000 { try await self.round(round, client, chat) }
        let (bytes, files) = (bytesInUse(), openFiles())
        for round in 0..<rounds { try await self.round(round, client, chat) }
        try await within(deadlineFor: "for the tasks of the subscriptions to end") {
            // A task that was given up ends once its thread has seen to it.
            while client.core.tasks() > ownTasks {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
        #expect(threads(named: "heliograph") == 2, "the two that every client has")
        #expect(openFiles() <= files + filesOpenedLate)
        #expect(bytesInUse() < bytes + bytesLeft, "\(bytesInUse() - bytes) bytes were left")
    }

    private func round(_ number: Int, _ client: Client, _ chat: ConversationID) async throws {
        let (subscribed, hasSubscribed) = AsyncStream<Void>.makeStream()
        let task = Task {
            switch number % 4 {
            case 0: for try await _ in try await client.timeline(of: chat).updates(limit: 1) { hasSubscribed.yield() }
            case 1: for try await _ in client.conversations { hasSubscribed.yield() }
            case 2: for try await _ in client.connectionStates { hasSubscribed.yield() }
            default:
                let messages = try await client.allMessages()
                hasSubscribed.yield()
                for try await _ in messages {}
            }
        }
        // Half of them are cancelled while they wait, the others on the way there.
        if number % 8 < 4 { for await _ in subscribed { break } }
        task.cancel()
        try await task.value
    }
}

/// The texts that were heard, each once and in order of first sight.
private actor Heard {
    private var rows: Set<MessageID> = []
    private(set) var texts: [String] = []

    func add(_ message: Message) {
        if rows.insert(message.row).inserted { texts.append(message.text) }
    }
}

#if os(Linux)
    /// How many threads of this process have this name.
    private func threads(named name: String) -> Int {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.count {
            (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8))?.hasPrefix(name) == true
        }
    }

    private func openFiles() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    /// Bytes that are allocated and not freed, on both sides of the boundary.
    private func bytesInUse() -> Int {
        Int(mallinfo2().uordblks)
    }
#endif

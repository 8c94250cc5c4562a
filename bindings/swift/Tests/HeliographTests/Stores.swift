import Foundation
import Heliograph
import Testing

/// Stores that can't be opened, arguments that make no sense, clients that are gone.
@Suite struct Stores {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test func aStoreIsOpenedOnceWithItsKey() async throws {
        let eve = try await Phone.signedIn(.eve, in: folder)
        #expect(await failure { _ = try await Client.open(eve.store) }?.code == .storeBusy)
        #expect(await failure { _ = try await Client.open(eve.store) }?.transient == true)
        try await eve.client.shutdown()

        let wrong = StoreLocation(file: eve.store.file, key: .random())
        #expect(await failure { _ = try await Client.open(wrong) }?.code == .storeLocked)
        #expect(await failure { _ = try await Client.open(folder.store("nobody")) }?.code == .notFound)
        let short = StoreLocation(file: eve.store.file, key: Data())
        #expect(await failure { _ = try await Client.open(short) }?.code == .invalidArgument)

        let again = try await Client.open(eve.store)
        #expect(again.address == eve.client.address)
        try await again.shutdown()
    }

    @Test func aStoreThatSleepsIsFreeForAnother() async throws {
        let finn = try await Phone.signedIn(.finn, in: folder)
        try await finn.client.suspend()
        let other = try await Client.open(finn.store)
        #expect(await failure { try await finn.client.resume() }?.code == .storeBusy)
        try await other.shutdown()
        try await finn.client.resume()
        try await finn.client.shutdown()
    }

    @Test func argumentsThatMakeNoSenseAreRefused() async throws {
        let gina = try await Phone.signedIn(.gina, in: folder)
        let client = gina.client
        let chat = try await client.startChat(with: "ben@example.org")
        let nowhere = ConversationID(4711)
        var codes: [String: ErrorCode?] = [:]
        codes["no address"] = await failure { _ = try await client.startChat(with: "ben") }?.code
        codes["no room"] = await failure { _ = try await client.joinRoom("", as: "gina") }?.code
        codes["no member"] = await failure { _ = try await client.createGroup(named: "x", members: ["?@"]) }?.code
        codes["control character"] = await failure { try await client.send("a\u{1b}b", to: chat) }?.code
        codes["empty page"] = await failure { _ = try await client.timeline(of: chat).earlier(limit: 0) }?.code
        codes["empty search"] = await failure { _ = try await client.search("x", limit: 0) }?.code
        codes["name server"] = await failure { try client.networkChanged(available: true, nameServers: ["x"]) }?.code
        for (what, code) in codes { #expect(code == .invalidArgument, "\(what)") }

        #expect(await failure { try await client.send("lost", to: nowhere) }?.code == .notFound)
        #expect(await failure { _ = try await client.timeline(of: nowhere) }?.code == .notFound)
        #expect(await failure { _ = try await client.conversation(nowhere) }?.code == .notFound)
        // Any text is a query.
        #expect(try await client.search("\"*(NEAR").isEmpty)
        try await client.shutdown()
    }

    @Test func aClientThatIsGoneSaysSo() async throws {
        let hugo = try await Phone.signedIn(.hugo, in: folder)
        let messages = try await hugo.client.allMessages()
        let waiting = Task {
            for try await _ in messages {}
        }
        try await hugo.client.shutdown()
        try await hugo.client.shutdown()
        let ended = await waiting.result
        #expect(throws: HeliographError.self) { try ended.get() }
        #expect(await failure { try hugo.client.start() }?.code == .closed)
        #expect(await failure { _ = try await hugo.client.search("x") }?.code == .closed)
        #expect(await failure { for try await _ in hugo.client.connectionStates {} }?.code == .closed)
    }

    @Test func keysAreNotPrinted() {
        let store = StoreLocation(file: URL(filePath: "/a/ana.db"), key: Data(repeating: 0x5a, count: 32))
        let printed = "\(store) \(String(reflecting: store)) \(Mirror(reflecting: store).children.map { "\($0)" })"
        #expect(!printed.contains("32 bytes") && !printed.contains("90") && printed.contains("ana.db"))
    }
}

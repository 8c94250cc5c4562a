import Foundation
import Heliograph
import Testing

/// What a user chooses, what an account costs, and what goes to somebody who helps.
@Suite struct Choosing {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test func whatWasChosenIsKept() async throws {
        let gina = try await Phone.signedIn(.gina, in: folder)
        #expect(try await gina.client.settings() == Settings(readReceipts: true))
        try await gina.client.changeSettings(Settings(readReceipts: false))
        try await gina.client.shutdown()
        let again = try await Client.open(gina.store)
        #expect(try await again.settings() == Settings(readReceipts: false))
        try await again.shutdown()
        #expect(await failure { _ = try await again.settings() }?.code == .closed)
        #expect(await failure { try await again.changeSettings(Settings(readReceipts: true)) }?.code == .closed)
    }

    @Test func whatAnAccountCostIsToldByWhatThePhoneWasDoing() async throws {
        let hugo = try await Phone.add(.hugo, in: folder)
        let usage = try await hugo.client.usage()
        // It was never behind, never saved power, never offline: what cost nothing is not listed.
        #expect(usage.bySituation.map(\.situation) == [.foreground])
        #expect(abs(usage.since.timeIntervalSinceNow) < 8 * 24 * 3600 && usage.since < .now)
        let front = try #require(usage.bySituation.first)
        #expect(front.connects == 1 && front.flights > 0 && front.bytes == front.bytesUp + front.bytesDown)
        let traffic = try hugo.client.traffic()
        #expect(front.bytes > 1000 && front.bytes <= traffic.bytesUp + traffic.bytesDown)
        try await hugo.client.shutdown()
    }

    @Test func anotherPasswordIsTriedAtOnce() async throws {
        let hugo = try await Phone.signedIn(.hugo, in: folder)
        try await hugo.client.setPassword("guessed")
        try hugo.client.start()
        let refused = try await state(of: hugo.client) { $0.state == .stopped }
        #expect(refused.failure?.code == .authenticationFailed && refused.retryAt == nil)
        try await hugo.client.setPassword(ServerUnderTest.account(.hugo).password)
        _ = try await state(of: hugo.client) { $0.state == .online }
        try await hugo.client.shutdown()
    }

    private func state(
        of client: Client,
        _ expected: @escaping @Sendable (Connection) -> Bool
    ) async throws -> Connection {
        try await within(deadlineFor: "for the connection") {
            for try await connection in client.connectionStates where expected(connection) { return connection }
            throw CancellationError()
        }
    }

    @Test func theLogTellsWhatHappenedAndNamesNobody() async throws {
        SupportLog.start(at: .trace)
        defer { SupportLog.start(at: .error) }
        let hugo = try await Phone.add(.hugo, in: folder)
        let chat = try await hugo.client.startChat(with: "nobody@example.org")
        try await hugo.client.send("where is the rope", to: chat)
        try await hugo.client.shutdown()
        let log = SupportLog.export()
        #expect(log.hasPrefix("Heliograph \(Client.version) on ") && log.utf8.count <= 256 * 1024)
        #expect(log.split(separator: "\n").count > 5, "the log says nothing")
        let account = ServerUnderTest.account(.hugo)
        let key = hugo.store.key.base64EncodedString()
        for word in [account.address, account.password, "hugo@", "nobody@", "rope", key] {
            #expect(!log.contains(word), "a private word is in the log")
        }
    }

    @Test func aServersPlaceIsReadFromOneFieldOrTwo() async throws {
        let direct = ServerOverride(host: "::1", port: 5223, tls: .direct)
        #expect(try Client.readServer("[::1]:5223") == direct)
        #expect(try Client.readServer(" ::1 ", port: "5223") == direct)
        let usual = ServerOverride(host: "chat.example.org", port: 5222, tls: .startTls)
        #expect(try Client.readServer("chat.example.org") == usual)
        #expect(await failure { _ = try Client.readServer("chat.example.org:52x2") }?.code == .invalidArgument)
    }

    @Test func addressesAreReadFromWhatIsTypedAndScanned() async throws {
        let typed = try Client.readAddress(" ana@example.org ")
        #expect(typed == Contact(address: "ana@example.org", kind: .account, title: "ana", name: nil))
        #expect(try Client.readAddress("xmpp:crew@muc.example.org?join").kind == .room)
        #expect(await failure { _ = try Client.readAddress("no address") }?.code == .invalidArgument)
        let gina = try await Phone.signedIn(.gina, in: folder)
        #expect(try Client.readAddress(try gina.client.contactURI()).address == gina.client.address)
        try await gina.client.shutdown()
    }
}

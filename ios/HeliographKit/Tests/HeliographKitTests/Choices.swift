import Foundation
import Heliograph
import Testing

@testable import HeliographKit

/// Settings, links, what a notification carries.
@Suite(.serialized) @MainActor struct Choices {
    @Test func settingsArePutIntoEffectAndPasswordsChanged() async throws {
        let device = try Device()
        let client = try await device.signIn("finn")
        let panel = SettingsPanel(client: client, shelf: device.shelf)
        await panel.setReadReceipts(false)
        #expect(panel.settings == nil, "nothing is changed that was not read")
        await panel.load()
        #expect(panel.settings?.readReceipts == true && panel.address == client.address && !panel.version.isEmpty)
        await panel.setReadReceipts(false)
        #expect(panel.settings?.readReceipts == false && panel.failure == nil)
        #expect(try await client.settings().readReceipts == false)
        panel.setNotificationText(false)
        #expect(!device.shelf.load().notificationText && !panel.preferences.notificationText)
        #expect(panel.link == "xmpp:\(client.address)")

        panel.password = "guessed"
        await panel.changePassword()
        #expect(panel.password.isEmpty && panel.isPasswordChanged)
        let session = device.session(client)
        try await session.enterForeground()
        let connection = ConnectionPanel(client: client)
        let listening = Task { await connection.listen() }
        try await until("the refusal") { connection.wantsPassword }
        #expect(connection.needsAttention)
        panel.password = Server.password("finn")
        await panel.changePassword()
        try await until("the connection") { connection.connection?.state == .online }
        listening.cancel()
        await listening.value

        SupportLog.start(at: .info)
        await panel.askForLog()
        #expect(panel.log?.hasPrefix("Heliograph \(panel.version)") == true)
        panel.forgetLog()
        #expect(panel.log == nil)
        try await session.end()
        await panel.setReadReceipts(true)
        #expect(panel.settings?.readReceipts == false && panel.failure?.code == .closed, "it was not kept")
    }

    @Test func linksLeadToSigningInOrToAChat() async throws {
        let device = try Device()
        let front = device.front()
        front.follow(link: "xmpp:\(Server.address("chloe"))")
        await front.open()
        guard case .signIn(let screen) = front.state else {
            Issue.record("there is no account")
            return
        }
        #expect(screen.address == Server.address("chloe") && front.link == nil)
        screen.follow(link: "xmpp:crew@muc.example.org?join")
        #expect(screen.failure?.code == .invalidArgument && screen.address == Server.address("chloe"))
        screen.follow(link: "no address")
        #expect(screen.failure?.code == .invalidArgument)

        let client = try await device.signIn("chloe")
        await front.enterForeground()
        await front.use(client)
        front.follow(link: "xmpp:\(Server.address("dora"))?message")
        let link = try #require(front.link)
        let chat = NewChat(client: client, link: link)
        await chat.open()
        let id = try #require(chat.opened, "\(String(describing: chat.failure))")
        #expect(try await client.conversation(id).address == Server.address("dora"))
        let room = NewChat(client: client, link: "xmpp:nowhere@muc.example.org?join")
        await room.open()
        #expect(try await client.conversation(try #require(room.opened)).kind == .room)
        await front.end()
    }

    @Test func whatIsDoneToANotificationIsRead() {
        let alert = Alert(conversation: ConversationID(7), message: MessageID(9), title: "a", body: "b")
        // The system gives numbers back as objects.
        let info = alert.userInfo.mapValues { NSNumber(value: $0) }
        func answer(_ action: String, _ info: [AnyHashable: Any], _ text: String? = nil) -> NotificationAnswer? {
            NotificationAnswer(action: action, userInfo: info, text: text)
        }
        #expect(answer("reply", info, " hi ") == .reply(" hi ", to: MessageID(9), in: ConversationID(7)))
        #expect(answer("reply", alert.userInfo, "hi") == .reply("hi", to: MessageID(9), in: ConversationID(7)))
        #expect(answer("reply", info, " ") == nil && answer("reply", [:], "hi") == nil)
        #expect(answer("read", info) == .markRead(MessageID(9), in: ConversationID(7)))
        #expect(answer(NotificationAnswer.touched, info) == .open(ConversationID(7)))
        #expect(answer(NotificationAnswer.touched, [:]) == .open(nil))
        #expect(answer("com.apple.UNNotificationDismissActionIdentifier", info) == nil)
    }
}

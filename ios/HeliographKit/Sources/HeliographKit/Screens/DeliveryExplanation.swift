import Foundation
import Heliograph
import Observation

/// Why a message of ours is where it is: "why was this not delivered?"
@MainActor
@Observable
public final class DeliveryExplanation: Screen {
    /// Which message.
    public let message: MessageID
    /// What is known; `nil` before ``listen()`` has begun, and once the message was taken back.
    public private(set) var delivery: Delivery?

    private let conversation: ConversationID

    /// Of a message.
    public init(client: Client, message: Message) {
        self.message = message.row
        conversation = message.conversation
        super.init(client: client)
    }

    /// It failed: ``sendAgain()`` is offered.
    public var canSendAgain: Bool { delivery?.maySendAgain == true }

    /// It reached nobody for certain: ``discard()`` is offered.
    public var canDiscard: Bool { delivery?.mayDiscard == true }

    /// Keeps the explanation true until the task is cancelled.
    public func listen() async {
        await listening {
            // What it waits for changes with the connection as with the message.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.listenToMessage() }
                group.addTask { try await self.listenToConnection() }
                try await group.waitForAll()
            }
        }
    }

    private func listenToMessage() async throws {
        let changes = try await client.timeline(of: conversation).updates(limit: 1)
        for try await update in changes where update.messages.contains(where: { $0.row == message }) {
            try await look()
        }
    }

    private func listenToConnection() async throws {
        for try await _ in client.connectionStates { try await look() }
    }

    private func look() async throws(HeliographError) {
        do {
            let found = try await client.delivery(of: message)
            delivery = found.message.state == .discarded ? nil : found
        } catch  where error.code == .notFound {
            delivery = nil
        } catch  where error.code == .closed {
            // The account sleeps, or is gone: the next state of the connection says which.
        }
    }

    /// Sends it once more.
    public func sendAgain() async {
        let (client, message) = (client, message)
        await perform { try await client.sendAgain(message) }
        await listening { try await look() }
    }

    /// Takes it back.
    public func discard() async {
        let (client, message) = (client, message)
        await perform { try await client.discard(message) }
        await listening { try await look() }
    }
}

import Foundation
import Heliograph
import Observation

/// The truth about the connection, and what it cost.
@MainActor
@Observable
public final class ConnectionPanel: Screen {
    /// The state; `nil` before ``listen()`` has begun.
    public private(set) var connection: Connection?
    /// Bytes and round trips since the account was opened.
    public private(set) var traffic: Traffic?
    /// How far push has got.
    public private(set) var push: Push?

    /// Of an account.
    public override init(client: Client) {
        super.init(client: client)
    }

    /// Whether the inbox shows a line about it: not while everything is as it should be.
    public var needsAttention: Bool {
        guard let connection else { return false }
        return connection.state != .online || connection.unanswered
    }

    /// Keeps the panel true until the task is cancelled.
    public func listen() async {
        await listening {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.listenToConnection() }
                group.addTask { try await self.listenToPush() }
                try await group.waitForAll()
            }
        }
    }

    private func listenToConnection() async throws {
        for try await state in client.connectionStates {
            connection = state
            traffic = try client.traffic()
        }
    }

    private func listenToPush() async throws {
        for try await state in client.pushStates { push = state }
    }

    /// Tries again after a failure that doesn't pass by itself.
    public func tryAgain() async {
        let client = client
        await perform { try client.start() }
    }
}

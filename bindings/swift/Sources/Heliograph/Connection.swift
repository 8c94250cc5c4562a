import HeliographCore

/// The state of the connection: as it is now, then each time it changes. States in between may be left out.
public struct ConnectionStates: AsyncSequence, Sendable {
    let core: HeliographClient

    /// A subscription of its own, which begins with the state as it is.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core)
    }

    /// See ``Client/connectionStates``.
    public struct Iterator: AsyncIteratorProtocol {
        let core: HeliographClient
        var changes: ConnectionChanges?

        /// The state; `nil` once the task is cancelled.
        public mutating func next() async throws(HeliographError) -> Connection? {
            if Task.isCancelled { return nil }
            guard let changes else {
                // Subscribed before it is asked for, so that no state falls in between.
                changes = try attempt { try core.connectionChanges() }
                return try attempt { try core.connection() }
            }
            do {
                return try await attemptUntilCancelled { try await changes.next(cancellation: $0) }
            } catch  where Task.isCancelled && error.code == .closed {
                return nil
            }
        }
    }
}

extension Client {
    /// The state of the connection now.
    public func connection() throws(HeliographError) -> Connection {
        try attempt { try core.connection() }
    }

    /// The state of the connection, now and as it changes, until the task is cancelled or the client shut down (`closed`).
    public var connectionStates: ConnectionStates { ConnectionStates(core: core) }

    /// What was sent and received since the account was opened.
    public func traffic() throws(HeliographError) -> Traffic {
        try attempt { try core.traffic() }
    }

    /// The operating system says how the network is. Without one nothing is tried and no timer runs.
    ///
    /// - Parameters:
    ///   - available: Whether there is one.
    ///   - id: Names it, the same each time the phone is on it: then what it stands is learned.
    ///   - previousGone: The network before it no longer exists, so that its sockets are dead.
    ///   - nameServers: IP addresses that the system asks for names; without them SRV records are not looked up on iOS.
    public func networkChanged(
        available: Bool,
        id: String? = nil,
        previousGone: Bool = false,
        nameServers: [String] = []
    ) throws(HeliographError) {
        try attempt {
            try core.networkChanged(
                available: available, id: id, previousGone: previousGone, nameServers: nameServers)
        }
    }

    /// The operating system says how the power is.
    public func powerChanged(_ power: PowerState) throws(HeliographError) {
        try attempt { try core.powerChanged(power: power) }
    }

    /// The app came to the front or went behind.
    public func appStateChanged(foreground: Bool) throws(HeliographError) {
        try attempt { try core.appStateChanged(foreground: foreground) }
    }
}

import Foundation
import Heliograph

/// One account while the app runs: hands the core what the system says, and sleeps when the app does.
///
/// It decides nothing: how often and how fast things are done is the core's policy.
@MainActor
public final class Session {
    /// How long a background refresh may take: iOS grants 30 s, and closing the store has to fit in.
    public static let refreshDeadline = Duration.seconds(25)

    /// The account.
    public let client: Client
    private let schedule: any RefreshSchedule
    private var watching: [Task<Void, Never>] = []

    /// Begins to watch network and power. The client is not started: see ``enterForeground()``.
    public init(client: Client, network: any NetworkWatch, power: any PowerWatch, schedule: any RefreshSchedule) {
        self.client = client
        self.schedule = schedule
        watching = [
            Task {
                var last: NetworkSnapshot?
                for await snapshot in network.snapshots where snapshot != last {
                    // Sockets of a network that went away are dead, whatever they say themselves.
                    let gone = last?.isAvailable == true && last?.id != snapshot.id
                    try? client.networkChanged(
                        available: snapshot.isAvailable, id: snapshot.id, previousGone: gone)
                    last = snapshot
                }
            },
            Task {
                for await snapshot in power.snapshots {
                    try? client.powerChanged(PowerState(lowPower: snapshot.isLow, charging: snapshot.isCharging))
                }
            },
        ]
    }

    /// The app came to the front.
    ///
    /// - Throws: `storeBusy` while the notification extension has the store; it is done within seconds.
    public func enterForeground() async throws {
        try await client.resume()
        try client.appStateChanged(foreground: true)
        try client.start()
    }

    /// The app went behind: the store is closed before the system freezes the process, which must not hold a lock then.
    public func enterBackground() async throws {
        try client.appStateChanged(foreground: false)
        try await client.suspend()
        try await wishForRefresh()
    }

    /// The system granted a moment in the background.
    public func refresh() async throws -> CatchUpReport {
        let report = try await client.catchUp(within: Self.refreshDeadline)
        try await wishForRefresh()
        return report
    }

    /// When, is for the core to say.
    private func wishForRefresh() async throws {
        if let moment = try await client.nextCatchUp() { try schedule.wake(notBefore: moment) }
    }

    /// Ends everything.
    public func end() async throws {
        for task in watching { task.cancel() }
        try await client.shutdown()
    }
}

import HeliographCore

extension Client {
    /// What the user has chosen for this account.
    public func settings() async throws(HeliographError) -> Settings {
        try await attempt { try await core.settings() }
    }

    /// Changes what the user has chosen.
    public func changeSettings(_ settings: Settings) async throws(HeliographError) {
        try await attempt { try await core.changeSettings(settings: settings) }
    }
}

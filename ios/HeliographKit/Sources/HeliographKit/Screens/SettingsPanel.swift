import Foundation
import Heliograph
import Observation

/// What the user can choose, and what is to be handed to whoever helps.
@MainActor
@Observable
public final class SettingsPanel: Screen {
    /// What is kept with the account; `nil` before ``load()``.
    public private(set) var settings: Settings?
    /// What is kept on this device.
    public private(set) var preferences: Preferences
    /// Another password, as it is typed; gone once it was taken.
    public var password = ""
    /// The password was taken; whether the server takes it, the connection tells.
    public private(set) var isPasswordChanged = false
    /// The log, once it was asked for.
    public private(set) var log: String?

    private let shelf: any PreferenceShelf

    /// Of an account.
    public init(client: Client, shelf: any PreferenceShelf) {
        self.shelf = shelf
        preferences = shelf.load()
        super.init(client: client)
    }

    /// Our account.
    public var address: String { client.address }
    /// The version of the core.
    public var version: String { Client.version }
    /// The link to our account, as for a QR code.
    public var link: String? { try? client.contactURI() }
    /// A password was typed.
    public var canChangePassword: Bool { !password.isEmpty }

    /// Reads what is kept.
    public func load() async {
        let client = client
        if let found = await perform({ try await client.settings() }) { settings = found }
    }

    /// Whether others learn that their messages were read. Shown at once, and taken back if it can't be kept.
    public func setReadReceipts(_ on: Bool) async {
        guard let before = settings, before.readReceipts != on else { return }
        let (client, changed) = (client, Settings(readReceipts: on))
        settings = changed
        if await perform({ try await client.changeSettings(changed) }) == nil { settings = before }
    }

    /// Whether notifications show who wrote, and what.
    public func setNotificationText(_ on: Bool) {
        preferences.notificationText = on
        shelf.save(preferences)
    }

    /// The account has another password at the server: this device uses it from now on.
    public func changePassword() async {
        guard canChangePassword else { return }
        let (client, new) = (client, password)
        guard await perform({ try await client.setPassword(new) }) != nil else { return }
        password = ""
        isPasswordChanged = true
    }

    /// Asks for the log, which names nobody.
    public func askForLog() async {
        // A copy of up to 256 KiB, made where it holds up no drawing.
        log = await Task.detached { SupportLog.export() }.value
    }

    /// It was handed on.
    public func forgetLog() {
        log = nil
    }
}

import Foundation
import HeliographKit

// What the app and its notification service have in common: both are built with this file.

/// The group in which they share the store, its key and the preferences: see project.yml.
enum AppGroup {
    static let name = "group.org.heliograph.app"
}

extension Accounts {
    /// The account of this device.
    static var shared: Accounts {
        let container = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: AppGroup.name)
        return Accounts(folder: container ?? .documentsDirectory, keys: Keychain(group: AppGroup.name))
    }
}

extension AlertWords {
    /// In the user's language.
    static var translated: AlertWords {
        AlertWords(
            title: String(localized: "Heliograph"), unspecific: String(localized: "You may have new messages"),
            notSent: String(localized: "Your answer was not sent"))
    }
}

import Heliograph
import HeliographKit
import SwiftUI

struct SettingsView: View {
    @State var screen: SettingsPanel
    let connection: ConnectionPanel
    let announcements: Announcements

    var body: some View {
        List {
            Section {
                LabeledContent("Account") { Text(verbatim: screen.address) }
                if let link = screen.link { NavigationLink("My QR code") { CodeView(text: link).padding() } }
                NavigationLink("Connection and battery") { ConnectionView(screen: connection) }
            }
            if let settings = screen.settings {
                Toggle(
                    "Others see what I have read",
                    isOn: Binding {
                        settings.readReceipts
                    } set: { on in
                        Task { await screen.setReadReceipts(on) }
                    })
            }
            Section("Notifications") {
                NotificationRows(connection: connection, announcements: announcements)
                Toggle(
                    "Show who wrote and what",
                    isOn: Binding {
                        screen.preferences.notificationText
                    } set: { on in
                        screen.setNotificationText(on)
                    })
            }
            PasswordSection(screen: screen)
            Section("Help") {
                Button("Make a log for support") { Task { await screen.askForLog() } }
                if let log = screen.log {
                    ShareLink("Share the log", item: log)
                    Text("It names no person, no text and no key.").font(.footnote)
                }
                LabeledContent("Version") { Text(verbatim: screen.version) }
            }
        }
        .titled("Settings", failure: $screen.failure)
        .task { await screen.load() }
    }
}

/// Another password, after it was changed at the server.
struct PasswordSection: View {
    @Bindable var screen: SettingsPanel

    var body: some View {
        Section("Password") {
            SecureField("New password", text: $screen.password).textContentType(.password)
            Button("Use this password") { Task { await screen.changePassword() } }.disabled(!screen.canChangePassword)
            if screen.isPasswordChanged { Text("The password was kept.") }
        }
    }
}

/// Whether this device is told of messages while it sleeps, and why not.
private struct NotificationRows: View {
    let connection: ConnectionPanel
    let announcements: Announcements
    @Environment(\.openURL) private var openURL

    var body: some View {
        if announcements.permission == .denied {
            Text("Notifications are turned off. You see messages when you open the app.")
            if let settings = URL(string: UIApplication.openNotificationSettingsURLString) {
                Button("Open the system's settings") { openURL(settings) }
            }
        } else {
            LabeledContent("Push") { Text(connection.push?.state.explanation ?? "Off") }
            if let failure = connection.push?.failure { Text(verbatim: failure.advice) }
            if announcements.isTokenMissing { Text("Apple's push service can't be reached.") }
        }
    }
}

import Heliograph
import HeliographKit
import SwiftUI

struct SettingsView: View {
    let client: Client
    let connection: ConnectionPanel

    var body: some View {
        NavigationStack {
            List {
                LabeledContent("Account") { Text(verbatim: client.address) }
                NavigationLink("Connection") { ConnectionView(screen: connection) }
                if let push = connection.push {
                    LabeledContent("Push") { Text(push.state == .on ? "On" : "Off") }
                    if let failure = push.failure { Text(verbatim: failure.advice) }
                }
            }
            .navigationTitle("Settings")
        }
    }
}

import Heliograph
import HeliographKit
import SwiftUI

/// The account's conversations, or the way to an account.
struct RootView: View {
    let root: Root

    var body: some View {
        if let session = root.session {
            InboxView(client: session.client)
        } else if let failure = root.failure {
            ContentUnavailableView {
                Label("The account can't be opened", systemImage: "lock")
            } description: {
                Text(verbatim: failure.advice)
            } actions: {
                Button("Try again") { Task { await root.open() } }
            }
        } else {
            SignInView(screen: SignIn(accounts: root.accounts)) { client in await root.use(client) }
        }
    }
}

/// Shows a screen's failure until it is closed.
struct FailureAlert: ViewModifier {
    @Binding var failure: HeliographError?

    func body(content: Content) -> some View {
        content.alert("That did not work", isPresented: .constant(failure != nil), presenting: failure) { _ in
            Button("OK") { failure = nil }
        } message: { failure in
            Text(verbatim: failure.advice)
        }
    }
}

extension View {
    func alert(_ failure: Binding<HeliographError?>) -> some View {
        modifier(FailureAlert(failure: failure))
    }
}

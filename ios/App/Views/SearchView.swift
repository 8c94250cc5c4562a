import Heliograph
import HeliographKit
import SwiftUI

struct SearchView: View {
    @State private var screen: Search
    private let chosen: (ConversationID) -> Void

    init(client: Client, chosen: @escaping (ConversationID) -> Void) {
        _screen = State(initialValue: Search(client: client))
        self.chosen = chosen
    }

    var body: some View {
        NavigationStack {
            List(screen.results, id: \.row) { message in
                Button {
                    chosen(message.conversation)
                } label: {
                    VStack(alignment: .leading) {
                        Text(verbatim: message.sender.name).font(.caption.bold())
                        Text(verbatim: message.text).lineLimit(3)
                    }
                }
            }
            .overlay {
                if !screen.answered.isEmpty, screen.results.isEmpty {
                    ContentUnavailableView.search(text: screen.answered)
                }
            }
            .navigationTitle("Search")
            .searchable(text: $screen.query)
            .task(id: screen.query) { await screen.run() }
            .alert($screen.failure)
        }
    }
}

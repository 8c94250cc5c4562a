import Foundation
import Heliograph
import Observation

/// A new chat with one account, or an ordinary room that is entered.
@MainActor
@Observable
public final class NewChat: Screen {
    /// What was typed, scanned or followed: an address or a link.
    public var address = ""
    /// The chat, once it is there.
    public private(set) var opened: ConversationID?

    /// For an account, beginning with a link that was followed, if there is one.
    public init(client: Client, link: String? = nil) {
        address = link ?? ""
        super.init(client: client)
    }

    /// Worth a try; whether it is an address is for the core to say.
    public var canOpen: Bool { !address.trimmed.isEmpty }

    /// Opens the chat, or enters the room.
    public func open() async {
        let (client, text) = (client, address)
        opened = await perform { try await client.openContact(text) }
    }
}

/// A new encrypted group.
@MainActor
@Observable
public final class NewGroup: Screen {
    /// Its name.
    public var name = ""
    /// Who shall be in it, beside us.
    public private(set) var members: [String] = []
    /// What is being typed.
    public var candidate = ""
    /// The group, once it is there.
    public private(set) var created: ConversationID?

    /// For an account.
    public override init(client: Client) {
        super.init(client: client)
    }

    /// It has a name and somebody to talk to.
    public var canCreate: Bool { !name.trimmed.isEmpty && !members.isEmpty }

    /// Puts who was typed on the list, once: by an address or a link. It stays in the field if it is neither.
    public func add() {
        guard !candidate.trimmed.isEmpty else { return }
        do throws(HeliographError) {
            let address = try Client.readAddress(candidate).address
            if !members.contains(address) { members.append(address) }
            candidate = ""
            failure = nil
        } catch {
            failure = error
        }
    }

    /// Takes somebody off the list.
    public func remove(_ address: String) {
        members.removeAll { $0 == address }
    }

    /// Makes the group.
    public func create() async {
        let (client, name, members) = (client, name, members)
        created = await perform { try await client.createGroup(named: name, members: members) }
    }
}

/// Who is in a group.
@MainActor
@Observable
public final class Members: Screen {
    /// Which group.
    public let group: ConversationID
    /// The accounts, ours first.
    public private(set) var members: [Member] = []
    /// We may invite others and remove them.
    public private(set) var mayChange = false
    /// What is being typed.
    public var candidate = ""

    /// Of a group.
    public init(client: Client, group: ConversationID) {
        self.group = group
        super.init(client: client)
    }

    /// Keeps the list true until the task is cancelled.
    public func listen() async {
        await listening {
            for try await update in client.conversations {
                guard let found = update.conversations.first(where: { $0.id == group }) else { continue }
                mayChange = found.mayChangeMembers
                members = try await client.members(of: group)
            }
        }
    }

    /// Invites who was typed.
    public func invite() async {
        let (client, group, address) = (client, group, candidate)
        if await perform({ try await client.invite([address], into: group) }) != nil { candidate = "" }
    }

    /// Removes somebody.
    public func remove(_ address: String) async {
        let (client, group) = (client, group)
        await perform { try await client.remove([address], from: group) }
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

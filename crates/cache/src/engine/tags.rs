//! Which entries carry which tag: lists through an array of memberships.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::policy::list::NIL;

/// An entry carries a tag. In two lists: of the tag's entries, and of the entry's tags.
#[derive(Debug)]
struct Member {
    slot: u32,
    tag: u32,
    prev: u32,
    next: u32,
    /// The entry's next membership, or the next free one.
    sibling: u32,
}

#[derive(Debug)]
struct Tag {
    name: Box<str>,
    first: u32,
}

/// Memory is proportional to the memberships: 20 bytes each, and a name for each tag in use.
#[derive(Debug)]
pub(super) struct Tags {
    names: HashTable<u32>,
    entries: Vec<Tag>,
    vacant: Vec<u32>,
    members: Vec<Member>,
    free: u32,
    /// The first membership of each entry.
    of_slot: Vec<u32>,
    hasher: RandomState,
}

impl Tags {
    pub(super) fn new() -> Self {
        Self {
            names: HashTable::new(),
            entries: Vec::new(),
            vacant: Vec::new(),
            members: Vec::new(),
            free: NIL,
            of_slot: Vec::new(),
            hasher: RandomState::default(),
        }
    }

    fn find(&self, name: &str) -> Option<u32> {
        let same = |&tag: &u32| *self.entries[tag as usize].name == *name;
        self.names.find(self.hasher.hash_one(name), same).copied()
    }

    fn find_or_add(&mut self, name: &str) -> u32 {
        if let Some(tag) = self.find(name) {
            return tag;
        }
        let new = Tag { name: name.into(), first: NIL };
        let tag = if let Some(tag) = self.vacant.pop() {
            self.entries[tag as usize] = new;
            tag
        } else {
            self.entries.push(new);
            self.entries.len() as u32 - 1
        };
        let Self { names, entries, hasher, .. } = self;
        let hash = |&tag: &u32| hasher.hash_one(&*entries[tag as usize].name);
        names.insert_unique(hasher.hash_one(name), tag, hash);
        tag
    }

    /// The entry in `slot`, which carries none yet, carries these from here on.
    pub(super) fn set(&mut self, slot: u32, names: &[Box<str>]) {
        if self.of_slot.len() <= slot as usize {
            self.of_slot.resize(slot as usize + 1, NIL);
        }
        for name in names {
            let tag = self.find_or_add(name);
            let next = self.entries[tag as usize].first;
            // Named twice: the entry was the last that got this tag.
            if self.members.get(next as usize).is_some_and(|last| last.slot == slot) {
                continue;
            }
            let sibling = self.of_slot[slot as usize];
            let new = Member { slot, tag, prev: NIL, next, sibling };
            let member = if self.free == NIL {
                self.members.push(new);
                self.members.len() as u32 - 1
            } else {
                let member = self.free;
                self.free = self.members[member as usize].sibling;
                self.members[member as usize] = new;
                member
            };
            if next != NIL {
                self.members[next as usize].prev = member;
            }
            self.entries[tag as usize].first = member;
            self.of_slot[slot as usize] = member;
        }
    }

    /// The entry in `slot` is gone.
    pub(super) fn clear(&mut self, slot: u32) {
        let Some(first) = self.of_slot.get_mut(slot as usize) else { return };
        let mut at = core::mem::replace(first, NIL);
        while at != NIL {
            let Member { tag, prev, next, sibling, .. } = self.members[at as usize];
            if next != NIL {
                self.members[next as usize].prev = prev;
            }
            if prev == NIL {
                self.entries[tag as usize].first = next;
                if next == NIL {
                    self.forget(tag);
                }
            } else {
                self.members[prev as usize].next = next;
            }
            self.members[at as usize].sibling = self.free;
            self.free = at;
            at = sibling;
        }
    }

    fn forget(&mut self, tag: u32) {
        let hash = self.hasher.hash_one(&*self.entries[tag as usize].name);
        if let Ok(entry) = self.names.find_entry(hash, |&held| held == tag) {
            entry.remove();
        }
        self.entries[tag as usize].name = Box::default();
        self.vacant.push(tag);
    }

    /// Some entry that carries the tag.
    pub(super) fn first(&self, name: &str) -> Option<u32> {
        let first = self.entries[self.find(name)? as usize].first;
        self.members.get(first as usize).map(|member| member.slot)
    }

    /// The tags of an entry.
    pub(super) fn of(&self, slot: u32) -> Vec<Box<str>> {
        let mut at = self.of_slot.get(slot as usize).copied().unwrap_or(NIL);
        let mut names = Vec::new();
        while let Some(member) = self.members.get(at as usize) {
            names.push(self.entries[member.tag as usize].name.clone());
            at = member.sibling;
        }
        names
    }

    pub(super) fn bytes(&self) -> usize {
        let names: usize = self.entries.iter().map(|tag| tag.name.len()).sum();
        size_of::<Self>()
            + names
            + self.names.allocation_size()
            + self.entries.capacity() * size_of::<Tag>()
            + self.members.capacity() * size_of::<Member>()
            + (self.of_slot.capacity() + self.vacant.capacity()) * size_of::<u32>()
    }
}

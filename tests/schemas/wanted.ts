import type {
  BlockAction, EnvelopedEvent, GlobalShortcut, MessageShortcut, SlashCommand, SlackOptions, ViewClosedAction, ViewSubmitAction,
} from "@slack/bolt";
import type { HomeView, KnownBlock, ModalView, SlackEvent } from "@slack/types";

// What an app may send.
export type MessageBlocks = KnownBlock[];
export type Modal = ModalView;
export type Home = HomeView;

// What an app is sent.
export type SentEvent = EnvelopedEvent<SlackEvent>;
export type SentActions = BlockAction;
export type SentSuggestion = SlackOptions;
export type SentSubmission = ViewSubmitAction;
export type SentClosing = ViewClosedAction;
export type SentShortcut = GlobalShortcut;
export type SentMessageAction = MessageShortcut;
export type SentCommand = SlashCommand;

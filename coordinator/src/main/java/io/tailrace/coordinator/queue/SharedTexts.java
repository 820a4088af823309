package io.tailrace.coordinator.queue;

import java.util.HashMap;
import java.util.Map;

/**
 * Texts of which many are equal: each is kept once, and all together take a bounded space; beyond
 * it, texts are not kept. Not thread-safe.
 */
final class SharedTexts {
  private static final int MAX_CHARS = 4 << 20;

  private static final class Shared {
    private final String text;
    private int uses;

    Shared(String text) {
      this.text = text;
    }
  }

  private final Map<String, Shared> texts = new HashMap<>();
  private int chars;

  /** The kept copy of a text; the empty one when there is no room for it. */
  String share(String text) {
    if (text.isEmpty()) {
      return "";
    }
    Shared shared = texts.get(text);
    if (shared == null) {
      if (chars + text.length() > MAX_CHARS) {
        return "";
      }
      chars += text.length();
      shared = new Shared(text);
      texts.put(text, shared);
    }
    shared.uses++;
    return shared.text;
  }

  /** Gives back what {@link #share} returned. */
  void release(String text) {
    Shared shared = texts.get(text);
    if (shared != null && --shared.uses == 0) {
      texts.remove(text);
      chars -= text.length();
    }
  }
}

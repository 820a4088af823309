package io.tailrace.coordinator.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.TopicType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BindingMatcherTest {

  @ParameterizedTest
  @CsvSource({
    "'#', ''",
    "'#.#', ''",
    "'*.a', '.a'",
    "'*.*', '.'",
    "'a.#', 'a'",
    "'a.*', 'a.'",
    "'#', 'a.b.c'",
    "'a.#.c', 'a.c'",
    "'a.#.c', 'a.b.b.c'",
    "'#.a', 'a'",
    "'#.*', 'a'",
    "'a#b', 'a#b'",
    "'##', '##'",
    "'', ''",
    "'a..b', 'a..b'",
    "'a.*.b', 'a..b'",
    "'#.b.#', 'a.b.c'",
    "'*.orders.#', 'eu.orders.new.paid'"
  })
  void matchesTheTopicPattern(String bindingKey, String routingKey) {
    assertTrue(matches(TopicType.TOPIC, bindingKey, routingKey));
  }

  @ParameterizedTest
  @CsvSource({
    "'*', ''",
    "'*', 'a.b'",
    "'##', 'a'",
    "'##', 'a.b'",
    "'a#b', 'axb'",
    "'a.*', 'a'",
    "'', 'a'",
    "'*.#', ''",
    "'a', 'A'",
    "'#.a', 'a.b'",
    "'a.b', 'a'",
    "'*.*', 'a'",
    "'a.**', 'a.b'"
  })
  void doesNotMatchTheTopicPattern(String bindingKey, String routingKey) {
    assertFalse(matches(TopicType.TOPIC, bindingKey, routingKey));
  }

  @Test
  void directMatchesEqualKeysOnlyAndWithoutPatterns() {
    assertTrue(matches(TopicType.DIRECT, "a.*", "a.*"));
    assertFalse(matches(TopicType.DIRECT, "a.*", "a.b"));
    assertFalse(matches(TopicType.DIRECT, "#", "a"));
    assertTrue(matches(TopicType.DIRECT, "", ""));
  }

  @Test
  void fanoutAndPlainTopicsMatchEverything() {
    for (TopicType type : List.of(TopicType.FANOUT, TopicType.LOG)) {
      assertTrue(matches(type, "whatever", "a.b"));
      assertTrue(matches(type, "", ""));
    }
  }

  @Test
  void eachBindingIsToldOnceThoughSeveralWaysLeadToIt() {
    BindingMatcher<String> matcher = BindingMatcher.of(TopicType.TOPIC);
    matcher.add("#.#.a.#", "x");

    assertEquals(List.of("x"), found(matcher, "a.a.a.a.a"));
  }

  @Test
  void costDoesNotExplodeWithTheWords() {
    BindingMatcher<String> matcher = BindingMatcher.of(TopicType.TOPIC);
    matcher.add("#.a.#.a.#.a.#.b", "x");
    String key = "a" + ".a".repeat(126);

    for (int i = 0; i < 2_000; i++) { // naive backtracking takes minutes for this
      assertEquals(List.of(), found(matcher, key));
    }
  }

  @Test
  void refusesBindingKeysThatAreTooLongOrMatchTooMuchWork() {
    assertNull(BindingKeys.problem(TopicType.TOPIC, "#.a.#.b.#.c.#"));
    assertNotNull(BindingKeys.problem(TopicType.TOPIC, "#.a.#.b.#.c.#.#"));
    assertNull(BindingKeys.problem(TopicType.DIRECT, "#.a.#.b.#.c.#.#"));
    assertNull(BindingKeys.problem(TopicType.DIRECT, "k".repeat(255)));
    assertNotNull(BindingKeys.problem(TopicType.DIRECT, "ß".repeat(128)));
  }

  /** Against a matcher that can be read at one glance, with bindings that come and go. */
  @Test
  void findsWhatANaiveMatcherFinds() {
    for (TopicType type : TopicType.values()) {
      for (long seed = 0; seed < 40; seed++) {
        compare(type, new SplittableRandom(seed), seed);
      }
    }
  }

  private static void compare(TopicType type, SplittableRandom random, long seed) {
    BindingMatcher<String> matcher = BindingMatcher.of(type);
    Map<String, String> bindings = new LinkedHashMap<>();
    for (int i = 0; i < 300; i++) {
      String bindingKey = key(random, "a", "b", "", "*", "#", "##", "a#");
      if (bindings.remove(bindingKey) != null) {
        matcher.remove(bindingKey, "to " + bindingKey);
      } else {
        bindings.put(bindingKey, "to " + bindingKey);
        matcher.add(bindingKey, "to " + bindingKey);
      }
      String routingKey = key(random, "a", "b", "", "c", "*", "#", "##");
      List<String> expected = new ArrayList<>();
      bindings.forEach(
          (each, target) -> {
            if (naive(type, each, routingKey)) {
              expected.add(target);
            }
          });
      List<String> found = found(matcher, routingKey);
      String where = type + " seed " + seed + ": '" + routingKey + "' with " + bindings.keySet();
      assertEquals(new TreeSet<>(expected), new TreeSet<>(found), where);
      assertEquals(expected.size(), found.size(), where);
    }
  }

  private static String key(SplittableRandom random, String... words) {
    StringBuilder key = new StringBuilder();
    int count = random.nextInt(6);
    for (int i = 0; i < count; i++) {
      key.append(i == 0 ? "" : ".").append(words[random.nextInt(words.length)]);
    }
    return key.toString();
  }

  private static boolean naive(TopicType type, String bindingKey, String routingKey) {
    return switch (type) {
      case LOG, FANOUT -> true;
      case DIRECT -> bindingKey.equals(routingKey);
      case TOPIC -> naive(split(bindingKey), split(routingKey));
    };
  }

  private static List<String> split(String key) {
    return key.isEmpty() ? List.of() : Arrays.asList(key.split("\\.", -1));
  }

  private static boolean naive(List<String> pattern, List<String> words) {
    if (pattern.isEmpty()) {
      return words.isEmpty();
    }
    List<String> rest = pattern.subList(1, pattern.size());
    if (pattern.get(0).equals("#")) {
      for (int skip = 0; skip <= words.size(); skip++) {
        if (naive(rest, words.subList(skip, words.size()))) {
          return true;
        }
      }
      return false;
    }
    return !words.isEmpty()
        && (pattern.get(0).equals("*") || pattern.get(0).equals(words.get(0)))
        && naive(rest, words.subList(1, words.size()));
  }

  private static boolean matches(TopicType type, String bindingKey, String routingKey) {
    BindingMatcher<String> matcher = BindingMatcher.of(type);
    matcher.add(bindingKey, "target");
    return found(matcher, routingKey).equals(List.of("target"));
  }

  private static List<String> found(BindingMatcher<String> matcher, String routingKey) {
    List<String> found = new ArrayList<>();
    matcher.match(routingKey, found::add);
    return found;
  }
}

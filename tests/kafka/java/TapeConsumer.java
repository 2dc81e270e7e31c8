import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A consumer in another language replays the conformance tape with nothing but the JDK.
 *
 * <p>{@code java TapeConsumer.java TAPE_DIR} prints its end state as JSON; {@code daybook tape check}
 * judges it. Written from docs/contracts/tape/README.md and docs/consumers/README.md alone.
 */
public final class TapeConsumer {
    private static final Set<String> KNOWN = Set.of(
        "CustomerRegistered", "CustomerRenamed", "CustomerEmailAdded", "CustomerEmailRemoved",
        "CustomerErased");

    /** One event, whether a record or the feed brought it. */
    record Event(int partition, long epoch, long position, String id, String type, String stream,
                 long version, String subject, String value) {}

    /** One customer. */
    static final class Row {
        String name;
        final Map<String, String> emails = new HashMap<>();
        long version;
        long changes;
        boolean erased;

        void forget() {
            name = null;
            emails.clear();
            erased = true;
        }
    }

    /** An event that no reader can apply. */
    static final class PoisonException extends Exception {
        PoisonException(String why) {
            super(why);
        }
    }

    private final String source;
    private final String topic;
    private List<Map<String, Object>> feed = List.of();
    private Map<String, Map<String, Object>> keys = Map.of();

    // What a database would hold, marks and tables together; a higher epoch begins anew.
    private long epoch;
    private Map<Integer, Long> marks = new TreeMap<>();
    private Map<String, Row> customers = new TreeMap<>();
    private Map<String, Long> events = new TreeMap<>();
    private List<Event> parked = new ArrayList<>();
    // The furthest feed position of each partition that came too early.
    private Map<Integer, Long> early = new TreeMap<>();

    private TapeConsumer(String source, String topic) {
        this.source = source;
        this.topic = topic;
    }

    public static void main(String[] arguments) throws IOException {
        Path tape = Path.of(arguments[0]);
        Map<String, Object> head = object(Json.read(Files.readString(tape.resolve("tape.json"))));
        Map<String, Object> ended = new TreeMap<>();
        for (Object scene : list(head.get("scenes"))) {
            String name = text(object(scene).get("name"));
            var consumer = new TapeConsumer(text(head.get("source")), text(head.get("topic")));
            consumer.play(tape.resolve(name), number(object(scene).get("lives")));
            ended.put(name, consumer.endState());
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8)
            .println(Json.write(Map.of("scenes", ended)));
    }

    private void play(Path scene, long lives) throws IOException {
        var records = lines(scene.resolve("records.ndjson"));
        var pages = lines(scene.resolve("feed.ndjson"));
        var answers = lines(scene.resolve("keys.ndjson"));
        for (long life = 1; life <= lives; life++) {
            feed = ofLife(pages, life);
            keys = ofLife(answers, life).stream()
                .collect(Collectors.toMap(answer -> text(answer.get("kid")), answer -> answer));
            readToTheEnd(ofLife(records, life));
        }
    }

    private void readToTheEnd(List<Map<String, Object>> log) {
        early.clear();
        for (var record : log) {
            read(record);
        }
        for (int partition : List.copyOf(early.keySet())) {
            for (var record : log) {  // Once more, from the earliest record.
                if (number(record.get("partition")) == partition) {
                    read(record);
                }
            }
            if (early.containsKey(partition)) {
                readFeed(partition);
            }
            if (early.containsKey(partition)) {
                throw new IllegalStateException("partition " + partition + " has a gap for ever");
            }
        }
    }

    private void readFeed(int partition) {
        for (var page : feed) {
            if (number(page.get("partition")) != partition) {
                continue;
            }
            for (Object each : list(page.get("items"))) {
                var item = object(each);
                judge(new Event(partition, number(page.get("epoch")),
                    number(item.get("feed_position")), text(item.get("event_id")),
                    text(item.get("type")), text(item.get("stream")), number(item.get("version")),
                    text(item.get("subject")), Json.write(item.get("data"))));
            }
        }
    }

    private void read(Map<String, Object> record) {
        var headers = object(record.get("headers"));
        for (String needed : List.of("ce_source", "ce_epoch", "ce_feedposition", "ce_id", "ce_type",
                                     "ce_subject", "ce_sequence")) {
            if (!headers.containsKey(needed)) {
                return;  // Nobody's event.
            }
        }
        if (record.get("key") == null || record.get("value") == null
            || !headers.get("ce_source").equals(source)) {
            return;
        }
        byte[] value = Base64.getDecoder().decode(text(record.get("value")));
        judge(new Event((int) number(record.get("partition")),
            Long.parseLong(text(headers.get("ce_epoch"))),
            Long.parseLong(text(headers.get("ce_feedposition"))), text(headers.get("ce_id")),
            text(headers.get("ce_type")), text(headers.get("ce_subject")),
            Long.parseLong(text(headers.get("ce_sequence"))), text(record.get("key")),
            new String(value, StandardCharsets.UTF_8)));
    }

    /** The one rule of every consumer. */
    private void judge(Event event) {
        if (event.epoch() < epoch) {
            return;
        }
        if (event.epoch() > epoch) {
            epoch = event.epoch();
            marks = new TreeMap<>();
            customers = new TreeMap<>();
            events = new TreeMap<>();
            parked = new ArrayList<>();
            early = new TreeMap<>();
        }
        long mark = marks.getOrDefault(event.partition(), 0L);
        if (event.position() > mark + 1) {
            early.merge(event.partition(), event.position(), Math::max);
        } else if (event.position() == mark + 1) {
            apply(event);
            marks.put(event.partition(), event.position());
            early.computeIfPresent(event.partition(),
                (partition, position) -> position <= event.position() ? null : position);
        }
    }

    private void apply(Event event) {
        if (!KNOWN.contains(event.type())) {
            return;
        }
        boolean erases = event.type().equals("CustomerErased");
        if (erases) {
            parked.removeIf(waiting -> waiting.subject().equals(event.subject()));
        } else if (parked.stream().anyMatch(one -> one.stream().equals(event.stream()))) {
            parked.add(event);
            return;
        }
        try {
            var data = object(Json.read(event.value()));
            var personal = open(event, (String) data.get("personal"));
            var row = customers.computeIfAbsent(event.subject(), subject -> new Row());
            if (personal == null || erases) {
                row.forget();
            }
            if (!row.erased) {
                change(row, event.type(), data, personal);
            }
            row.version = event.version();
            row.changes++;
            events.merge(event.type(), 1L, Long::sum);
        } catch (PoisonException poison) {
            parked.add(event);
        }
    }

    private static void change(Row row, String type, Map<String, Object> data,
                               Map<String, Object> personal) {
        switch (type) {
            case "CustomerRegistered" -> {
                row.name = text(personal.get("name"));
                for (Object each : list(personal.get("emails"))) {
                    row.emails.put(text(object(each).get("id")), text(object(each).get("address")));
                }
            }
            case "CustomerRenamed" -> row.name = text(personal.get("name"));
            case "CustomerEmailAdded" ->
                row.emails.put(text(data.get("email_id")), text(personal.get("address")));
            case "CustomerEmailRemoved" -> row.emails.remove(text(data.get("email_id")));
            default -> { }
        }
    }

    /** Returns the personal fields: empty if there are none, null if their key was destroyed. */
    private Map<String, Object> open(Event event, String jwe) throws PoisonException {
        if (jwe == null) {
            return Map.of();
        }
        String[] parts = jwe.split("\\.", -1);
        var decoder = Base64.getUrlDecoder();
        var header = object(Json.read(utf8(decoder.decode(parts[0]))));
        var answer = keys.get(text(header.get("kid")));
        if (answer == null || Set.of(404L, 410L).contains(number(answer.get("status")))) {
            return null;
        }
        if (!event.id().equals(header.get("eid"))) {
            throw new PoisonException("the personal fields belong to another event");
        }
        try {
            byte[] key = decoder.decode(text(object(answer.get("body")).get("k")));
            var cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"),
                new GCMParameterSpec(128, decoder.decode(parts[2])));
            cipher.updateAAD(parts[0].getBytes(StandardCharsets.US_ASCII));
            cipher.update(decoder.decode(parts[3]));
            return object(Json.read(utf8(cipher.doFinal(decoder.decode(parts[4])))));
        } catch (GeneralSecurityException refused) {
            throw new PoisonException("the personal fields were altered");
        }
    }

    private Map<String, Object> endState() {
        List<Object> places = new ArrayList<>();
        marks.forEach((partition, position) -> places.add(Map.of("source", source, "topic", topic,
            "partition", partition, "epoch", epoch, "feed_position", position)));
        Map<String, Object> rows = new TreeMap<>();
        customers.forEach((id, row) -> {
            Map<String, Object> shown = new TreeMap<>();
            shown.put("name", row.name);
            shown.put("emails", row.emails.values().stream().sorted().toList());
            shown.put("version", row.version);
            shown.put("changes", row.changes);
            shown.put("erased", row.erased);
            rows.put(id, shown);
        });
        var waiting = parked.stream().map(Event::id).sorted().toList();
        return Map.of("marks", places, "customers", rows, "events", events, "parked", waiting);
    }

    private static List<Map<String, Object>> lines(Path file) throws IOException {
        return Files.readString(file).lines().filter(line -> !line.isEmpty())
            .map(line -> object(Json.read(line))).toList();
    }

    private static List<Map<String, Object>> ofLife(List<Map<String, Object>> lines, long life) {
        return lines.stream().filter(line -> number(line.get("life")) == life).toList();
    }

    private static String utf8(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    private static String text(Object value) {
        return (String) value;
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }
}

/** As much of JSON as a consumer needs: objects, lists, texts, numbers, true, false, null. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        var reader = new Json(text);
        Object value = reader.value();
        reader.space();
        if (reader.at != text.length()) {
            throw new IllegalArgumentException("something follows the JSON at " + reader.at);
        }
        return value;
    }

    static String write(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream().map(e -> quote((String) e.getKey()) + ":" + write(e.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Json::write).collect(Collectors.joining(",", "[", "]"));
        }
        return value instanceof String text ? quote(text) : String.valueOf(value);
    }

    private static String quote(String text) {
        var quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each < ' ' || each == '"' || each == '\\') {
                quoted.append(String.format("\\u%04x", (int) each));
            } else {
                quoted.append(each);
            }
        }
        return quoted.append('"').toString();
    }

    private Object value() {
        space();
        switch (text.charAt(at)) {
            case '{': return object();
            case '[': return list();
            case '"': return string();
            default: return word();
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new HashMap<>();
        for (at++; !ends('}'); ) {
            space();
            String name = string();
            space();
            at++;  // the colon
            members.put(name, value());
        }
        return members;
    }

    private List<Object> list() {
        List<Object> items = new ArrayList<>();
        for (at++; !ends(']'); ) {
            items.add(value());
        }
        return items;
    }

    private boolean ends(char end) {
        space();
        if (text.charAt(at) == ',') {
            at++;
            space();
        }
        if (text.charAt(at) != end) {
            return false;
        }
        at++;
        return true;
    }

    private String string() {
        var read = new StringBuilder();
        for (at++; text.charAt(at) != '"'; at++) {
            char each = text.charAt(at);
            if (each != '\\') {
                read.append(each);
                continue;
            }
            char escaped = text.charAt(++at);
            switch (escaped) {
                case 'n': read.append('\n'); break;
                case 't': read.append('\t'); break;
                case 'r': read.append('\r'); break;
                case 'b': read.append('\b'); break;
                case 'f': read.append('\f'); break;
                case 'u':
                    read.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                    break;
                default: read.append(escaped);
            }
        }
        at++;
        return read.toString();
    }

    private Object word() {
        int start = at;
        while (at < text.length() && "+-.eE".indexOf(text.charAt(at)) + 1 > 0
               || at < text.length() && Character.isLetterOrDigit(text.charAt(at))) {
            at++;
        }
        String word = text.substring(start, at);
        switch (word) {
            case "true": return true;
            case "false": return false;
            case "null": return null;
            default:
                return word.matches("-?\\d+") ? (Object) Long.valueOf(word) : Double.valueOf(word);
        }
    }

    private void space() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }
}

/* messages.c: what findings say, in English and Russian. %1, %2, %3 are the finding's texts. */
#include "validate/validate.h"

static const struct {
  const char *name, *text[ZD_LANGUAGES];
} messages[ZD_SAY_MESSAGES] = {
    [ZD_SAY_READ] = {"structure", {"%1", "%1"}},
    [ZD_SAY_INVARIANT] = {"invariant", {"%1: %2", "Нарушено правило %1: %2"}},
    [ZD_SAY_INVARIANT_BROKEN] = {"invariant-not-evaluated",
                                 {"The invariant %1 could not be evaluated: %2",
                                  "Правило %1 не удалось вычислить: %2"}},
    [ZD_SAY_TOO_FEW] = {"too-few",
                        {"%1: at least %2 required, %3 found",
                         "%1: требуется не меньше %2, найдено %3"}},
    [ZD_SAY_TOO_MANY] = {"too-many",
                         {"%1: at most %2 allowed, %3 found",
                          "%1: допускается не больше %2, найдено %3"}},
    [ZD_SAY_FIXED] = {"fixed",
                      {"The value must be exactly %1", "Значение должно быть в точности %1"}},
    [ZD_SAY_PATTERN] = {"pattern", {"The value must contain %1", "Значение должно содержать %1"}},
    [ZD_SAY_TOO_LONG] = {"too-long",
                         {"The value is longer than %1 characters", "Значение длиннее %1 знаков"}},
    [ZD_SAY_TOO_SMALL] = {"too-small",
                          {"The value is less than the least allowed, %1",
                           "Значение меньше допустимого %1"}},
    [ZD_SAY_TOO_LARGE] = {"too-large",
                          {"The value is more than the most allowed, %1",
                           "Значение больше допустимого %1"}},
    [ZD_SAY_TYPE] = {"type",
                     {"The type %1 is not allowed here; allowed: %2",
                      "Тип %1 здесь не допускается; допускаются: %2"}},
    [ZD_SAY_NO_TYPE_PROFILE] = {"type-profile",
                                {"The value conforms to none of the profiles asked for: %1",
                                 "Значение не соответствует ни одному из требуемых профилей: %1"}},
    [ZD_SAY_BINDING_REQUIRED] = {"binding-required",
                                 {"The code %1 is not in the value set %2, which is required",
                                  "Код %1 не входит в обязательный набор значений %2"}},
    [ZD_SAY_BINDING_EXTENSIBLE] =
        {"binding-extensible",
         {"The code %1 is not in the value set %2, which codes should come from when it has a fit "
          "one",
          "Код %1 не входит в набор значений %2, из которого следует брать подходящие коды"}},
    [ZD_SAY_BINDING_MAXIMUM] =
        {"binding-maximum",
         {"The code %1 is not in the value set %2, which is the most allowed",
          "Код %1 не входит в набор %2, за пределы которого выходить нельзя"}},
    [ZD_SAY_BINDING_EMPTY] = {"binding-empty",
                              {"A code from the value set %2 is required, and there is none",
                               "Требуется код из набора значений %2, а кода нет"}},
    [ZD_SAY_BINDING_UNKNOWN] = {"binding-not-checked",
                                {"Whether the code %1 is in the value set %2 is not checked: its "
                                 "content is not known",
                                 "Вхождение кода %1 в набор значений %2 не проверено: его состав "
                                 "неизвестен"}},
    [ZD_SAY_CODE_UNKNOWN] = {"code-unknown",
                             {"The code system %2 has no code %1",
                              "В системе кодирования %2 нет кода %1"}},
    [ZD_SAY_SYSTEM_RELATIVE] = {"system-relative",
                                {"A system of codes must be an absolute address, not %1",
                                 "Система кодирования задаётся абсолютным адресом, а не %1"}},
    [ZD_SAY_SYSTEM_VALUE_SET] = {"system-value-set",
                                 {"%1 is a value set, not a system of codes",
                                  "%1 — набор значений, а не система кодирования"}},
    [ZD_SAY_CANONICAL_RELATIVE] = {"canonical-relative",
                                   {"A canonical must be absolute or begin with #: %1",
                                    "Канонический адрес должен быть абсолютным или начинаться с #: "
                                    "%1"}},
    [ZD_SAY_SLICE_CLOSED] = {"slice-closed",
                             {"The value belongs to no slice of %1, which allows nothing else",
                              "Значение не подходит ни под один срез %1, а другие не допускаются"}},
    [ZD_SAY_SLICE_NOT_LAST] = {"slice-not-last",
                               {"What belongs to no slice of %1 must stand at the end",
                                "Значения вне срезов %1 должны стоять в конце"}},
    [ZD_SAY_SLICE_ORDER] = {"slice-order",
                            {"The slice %2 of %1 is out of order",
                             "Срез %2 элемента %1 стоит не по порядку"}},
    [ZD_SAY_SLICE_UNDECIDED] = {"slice-not-checked",
                                {"Whether the value belongs to the slice %1 cannot be decided: %2",
                                 "Принадлежность к срезу %1 не определить: %2"}},
    [ZD_SAY_EXTENSION_UNKNOWN] = {"extension-unknown",
                                  {"The extension %1 is not known and was not checked",
                                   "Расширение %1 неизвестно и не проверено"}},
    [ZD_SAY_EXTENSION_PART_UNKNOWN] = {"extension-part-unknown",
                                       {"The extension %2 has no part %1",
                                        "У расширения %2 нет части %1"}},
    [ZD_SAY_EXTENSION_URL] = {"extension-url",
                              {"The url of an extension must be absolute: %1",
                               "Адрес расширения должен быть абсолютным: %1"}},
    [ZD_SAY_EXTENSION_CONTEXT] = {"extension-context",
                                  {"The extension %1 is not allowed here; it may stand in %2",
                                   "Расширение %1 здесь не допускается; его место: %2"}},
    [ZD_SAY_EXTENSION_MODIFIER] = {"extension-modifier",
                                   {"The extension %1 changes meaning and must stand in "
                                    "modifierExtension",
                                    "Расширение %1 меняет смысл и должно стоять в "
                                    "modifierExtension"}},
    [ZD_SAY_EXTENSION_NO_MODIFIER] =
        {"extension-no-modifier",
         {"The extension %1 does not change meaning and must not stand "
          "in modifierExtension",
          "Расширение %1 не меняет смысла и не должно стоять в "
          "modifierExtension"}},
    [ZD_SAY_MODIFIER_UNKNOWN] = {"modifier-unknown",
                                 {"The modifier extension %1 is not known: the meaning of what it "
                                  "stands in is not known either",
                                  "Меняющее смысл расширение %1 неизвестно, поэтому неизвестен и "
                                  "смысл элемента"}},
    [ZD_SAY_PROFILE_UNKNOWN] = {"profile-unknown",
                                {"The profile %1 is not known and was not checked",
                                 "Профиль %1 неизвестен и не проверен"}},
    [ZD_SAY_PROFILE_TYPE] = {"profile-type",
                             {"The profile %1 is about %2, not about %3",
                              "Профиль %1 относится к типу %2, а не %3"}},
    [ZD_SAY_REFERENCE_TYPE] = {"reference-type",
                               {"A reference to %1 is not allowed here; allowed: %2",
                                "Ссылка на %1 здесь не допускается; допускаются: %2"}},
    [ZD_SAY_REFERENCE_SAYS_TYPE] = {"reference-says-type",
                                    {"The reference says it leads to %1, and leads to %2",
                                     "Ссылка называет тип %1, а ведёт к %2"}},
    [ZD_SAY_REFERENCE_PROFILE] =
        {"reference-profile",
         {"What %1 leads to conforms to none of the profiles asked for: %2",
          "То, на что ведёт %1, не соответствует ни одному из требуемых "
          "профилей: %2"}},
    [ZD_SAY_REFERENCE_AGGREGATION] = {"reference-aggregation",
                                      {"A reference that is %1 is not allowed here; allowed: %2",
                                       "Ссылка вида %1 здесь не допускается; допускается: %2"}},
    [ZD_SAY_BUNDLE_FIRST] = {"bundle-first",
                             {"The first entry of a %1 must be a %2",
                              "Первой записью в Bundle типа %1 должен быть %2"}},
    [ZD_SAY_BUNDLE_FULL_URL] = {"bundle-full-url",
                                {"fullUrl %1 does not end in the id of the resource, %2",
                                 "fullUrl %1 не оканчивается идентификатором ресурса %2"}},
    [ZD_SAY_BUNDLE_NO_FULL_URL] = {"bundle-no-full-url",
                                   {"An entry of a Bundle of type %1 must have a fullUrl",
                                    "У записи в Bundle типа %1 должен быть fullUrl"}},
    [ZD_SAY_ANSWER_NO_QUESTION] = {"answer-no-question",
                                   {"The questionnaire has no item with linkId %1 here",
                                    "В анкете на этом месте нет вопроса с linkId %1"}},
    [ZD_SAY_ANSWER_MISSING] = {"answer-missing",
                               {"No answer to the required item %1",
                                "Нет ответа на обязательный вопрос %1"}},
    [ZD_SAY_ANSWER_TYPE] = {"answer-type",
                            {"The answer to %1 must be of type %2, not %3",
                             "Ответ на %1 должен быть типа %2, а не %3"}},
    [ZD_SAY_ANSWER_MANY] = {"answer-many",
                            {"The item %1 takes one answer only",
                             "Вопрос %1 допускает один ответ"}},
    [ZD_SAY_ANSWER_OPTION] = {"answer-option",
                              {"The answer %2 is not an option of the item %1",
                               "Ответа %2 нет среди вариантов вопроса %1"}},
    [ZD_SAY_ANSWER_DISPLAY] = {"answer-display",
                               {"The item %1 is a group or a text to show and takes no answer",
                                "Элемент %1 — группа или надпись, ответов у него нет"}},
    [ZD_SAY_ANSWER_ORDER] = {"answer-order",
                             {"The item %1 is out of the questionnaire's order",
                              "Вопрос %1 стоит не в порядке анкеты"}},
    [ZD_SAY_ANSWER_DISABLED] = {"answer-disabled",
                                {"The item %1 is answered, and its condition is not met",
                                 "На вопрос %1 дан ответ, хотя его условие не выполнено"}},
    [ZD_SAY_ANSWER_TWICE] = {"answer-twice",
                             {"The item %1 does not repeat", "Вопрос %1 не повторяется"}},
    [ZD_SAY_ANSWER_LIMIT] = {"answer-limit",
                             {"The answer %2 to %1 is outside of the questionnaire's %3",
                              "Ответ %2 на %1 выходит за предел анкеты %3"}},
    [ZD_SAY_QUESTIONNAIRE_UNKNOWN] =
        {"questionnaire-unknown",
         {"The questionnaire %1 is not known: answers were not checked",
          "Анкета %1 неизвестна: ответы не проверены"}},
};

const char *zd_message_name(zd_message message) {
  return messages[message].name;
}

zd_slice zd_finding_text(const zd_finding *f, zd_language language, zd_arena *arena) {
  zd_slice parts[16];
  size_t n = 0;
  const char *at = messages[f->message].text[language];
  while (*at && n < 14) {
    const char *mark = strchr(at, '%');
    size_t plain = mark ? (size_t)(mark - at) : strlen(at);
    if (plain) parts[n++] = (zd_slice){at, plain};
    if (!mark) break;
    parts[n++] = f->text[mark[1] - '1'];
    at = mark + 2;
  }
  return zd_arena_join(arena, parts, n);
}

#include "region/illness.h"

#include "region/dice.h"

/* МКБ-10 codes and names. Weights within a column are relative, approximate (design): respiratory
 * infections lead in polyclinics, circulation in ambulance calls and admissions.
 * Two lines a row, in the order of the struct's members. */
/* clang-format off */
const zd_illness ZD_ILLNESS[] = {
    {{"J06.9", "Острая инфекция верхних дыхательных путей неуточнённая"},
     0, 110, ZD_SEX_BOTH, {260, 230, 60, 20}, 1, 8, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 2, {ZD_DRUG_PARACETAMOL, ZD_DRUG_XYLOMETAZOLINE}, 0},
    {{"J00", "Острый назофарингит (насморк)"},
     0, 110, ZD_SEX_BOTH, {60, 70, 0, 0}, 1, 6, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_XYLOMETAZOLINE}, 0},
    {{"J02.9", "Острый фарингит неуточнённый"},
     2, 80, ZD_SEX_BOTH, {50, 45, 0, 0}, 1, 7, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"J03.9", "Острый тонзиллит неуточнённый"},
     2, 60, ZD_SEX_BOTH, {40, 30, 10, 10}, 2, 9, ZD_POSITION_OTOLARYNGOLOGIST, ZD_DEPARTMENT_INFECTION, 2, {ZD_DRUG_AMOXICILLIN, ZD_DRUG_PARACETAMOL}, 0},
    {{"J20.9", "Острый бронхит неуточнённый"},
     0, 110, ZD_SEX_BOTH, {50, 70, 15, 25}, 1, 12, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 2, {ZD_DRUG_AMBROXOL, ZD_DRUG_AZITHROMYCIN}, 0},
    {{"J18.9", "Пневмония неуточнённая"},
     0, 110, ZD_SEX_BOTH, {15, 20, 20, 70}, 2, 21, ZD_POSITION_PULMONOLOGIST, ZD_DEPARTMENT_THERAPY, 2, {ZD_DRUG_AMOXICLAV, ZD_DRUG_AMBROXOL}, 0},
    {{"J11.1", "Грипп с другими респираторными проявлениями, вирус не идентифицирован"},
     0, 110, ZD_SEX_BOTH, {40, 20, 15, 10}, 2, 9, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_PARACETAMOL}, 0},
    {{"U07.1", "Коронавирусная инфекция COVID-19, вирус идентифицирован"},
     0, 110, ZD_SEX_BOTH, {30, 25, 10, 25}, 2, 14, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_PARACETAMOL}, 0},
    {{"H66.9", "Средний отит неуточнённый"},
     0, 60, ZD_SEX_BOTH, {25, 30, 5, 5}, 1, 10, ZD_POSITION_OTOLARYNGOLOGIST, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_AMOXICILLIN}, 0},
    {{"J01.9", "Острый синусит неуточнённый"},
     7, 80, ZD_SEX_BOTH, {15, 30, 0, 8}, 1, 12, ZD_POSITION_OTOLARYNGOLOGIST, ZD_DEPARTMENT_SURGERY, 2, {ZD_DRUG_AMOXICLAV, ZD_DRUG_XYLOMETAZOLINE}, 0},
    {{"H10.9", "Конъюнктивит неуточнённый"},
     0, 110, ZD_SEX_BOTH, {15, 25, 0, 0}, 0, 8, ZD_POSITION_OPHTHALMOLOGIST, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_OFLOXACIN_EYE}, 0},
    {{"H52.1", "Миопия"},
     7, 50, ZD_SEX_BOTH, {0, 45, 0, 0}, 0, 1, ZD_POSITION_OPHTHALMOLOGIST, ZD_DEPARTMENT_SURGERY, 0, {0}, 0},
    {{"H25.9", "Старческая катаракта неуточнённая"},
     60, 110, ZD_SEX_BOTH, {0, 35, 0, 25}, 0, 30, ZD_POSITION_OPHTHALMOLOGIST, ZD_DEPARTMENT_SURGERY, 0, {0}, 0},
    {{"K02.1", "Кариес дентина"},
     4, 110, ZD_SEX_BOTH, {25, 170, 0, 0}, 0, 5, ZD_POSITION_DENTIST, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"K04.0", "Пульпит"},
     6, 90, ZD_SEX_BOTH, {30, 60, 0, 0}, 0, 7, ZD_POSITION_DENTIST, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"A09.9", "Гастроэнтерит и колит неуточнённого происхождения"},
     0, 110, ZD_SEX_BOTH, {30, 20, 25, 30}, 1, 6, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_LOPERAMIDE}, 0},
    {{"K35.8", "Острый аппендицит"},
     5, 75, ZD_SEX_BOTH, {3, 0, 10, 25}, 2, 12, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_CEFTRIAXONE}, 0},
    {{"K80.2", "Камни желчного пузыря без холецистита"},
     25, 110, ZD_SEX_BOTH, {5, 20, 10, 35}, 1, 14, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_DROTAVERINE}, 0},
    {{"K85.9", "Острый панкреатит неуточнённый"},
     20, 100, ZD_SEX_BOTH, {3, 3, 12, 18}, 2, 16, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 2, {ZD_DRUG_DROTAVERINE, ZD_DRUG_OMEPRAZOLE}, 0},
    {{"K26.9", "Язва двенадцатиперстной кишки без кровотечения и прободения"},
     18, 90, ZD_SEX_BOTH, {3, 15, 4, 12}, 0, 28, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 1, {ZD_DRUG_OMEPRAZOLE}, 0},
    {{"K21.0", "Гастроэзофагеальный рефлюкс с эзофагитом"},
     18, 100, ZD_SEX_BOTH, {3, 30, 0, 2}, 0, 28, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 1, {ZD_DRUG_OMEPRAZOLE}, 0},
    {{"N39.0", "Инфекция мочевыводящих путей без установленной локализации"},
     1, 110, ZD_SEX_BOTH, {20, 25, 8, 15}, 1, 10, ZD_POSITION_UROLOGIST, ZD_DEPARTMENT_THERAPY, 1, {ZD_DRUG_NITROFURANTOIN}, 0},
    {{"N30.0", "Острый цистит"},
     14, 90, ZD_SEX_FEMALE, {25, 35, 5, 2}, 1, 7, ZD_POSITION_UROLOGIST, ZD_DEPARTMENT_THERAPY, 2, {ZD_DRUG_NITROFURANTOIN, ZD_DRUG_DROTAVERINE}, 0},
    {{"N40", "Гиперплазия предстательной железы"},
     50, 110, ZD_SEX_MALE, {3, 40, 4, 12}, 0, 30, ZD_POSITION_UROLOGIST, ZD_DEPARTMENT_SURGERY, 0, {0}, 0},
    {{"N20.0", "Камни почки"},
     20, 90, ZD_SEX_BOTH, {10, 15, 25, 15}, 1, 14, ZD_POSITION_UROLOGIST, ZD_DEPARTMENT_SURGERY, 2, {ZD_DRUG_DROTAVERINE, ZD_DRUG_DICLOFENAC}, 0},
    {{"N76.0", "Острый вагинит"},
     16, 60, ZD_SEX_FEMALE, {8, 45, 0, 2}, 0, 10, ZD_POSITION_GYNAECOLOGIST, ZD_DEPARTMENT_GYNAECOLOGY, 0, {0}, 0},
    {{"N92.1", "Обильные и частые менструации при нерегулярном цикле"},
     14, 54, ZD_SEX_FEMALE, {5, 25, 5, 10}, 0, 12, ZD_POSITION_GYNAECOLOGIST, ZD_DEPARTMENT_GYNAECOLOGY, 0, {0}, 0},
    {{"M54.5", "Боль внизу спины"},
     18, 110, ZD_SEX_BOTH, {50, 80, 15, 12}, 0, 14, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 2, {ZD_DRUG_MELOXICAM, ZD_DRUG_TOLPERISONE}, 0},
    {{"M54.2", "Цервикалгия"},
     18, 100, ZD_SEX_BOTH, {15, 40, 2, 3}, 0, 12, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 2, {ZD_DRUG_MELOXICAM, ZD_DRUG_TOLPERISONE}, 0},
    {{"G43.9", "Мигрень неуточнённая"},
     14, 65, ZD_SEX_BOTH, {8, 12, 8, 2}, 0, 3, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"G90.9", "Расстройство вегетативной нервной системы неуточнённое"},
     10, 60, ZD_SEX_BOTH, {10, 20, 20, 2}, 0, 14, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 0, {0}, 0},
    {{"S93.4", "Растяжение связок голеностопного сустава"},
     6, 80, ZD_SEX_BOTH, {35, 30, 10, 1}, 0, 14, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_DICLOFENAC}, 0},
    {{"S52.5", "Перелом нижнего конца лучевой кости"},
     5, 110, ZD_SEX_BOTH, {12, 14, 8, 6}, 0, 35, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"S06.0", "Сотрясение головного мозга"},
     3, 100, ZD_SEX_BOTH, {8, 4, 18, 14}, 0, 12, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 0, {0}, 0},
    {{"S72.0", "Перелом шейки бедра"},
     60, 110, ZD_SEX_BOTH, {1, 1, 8, 10}, 1, 60, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 1, {ZD_DRUG_PARACETAMOL}, 0},
    {{"T14.0", "Поверхностная травма неуточнённой области тела"},
     1, 110, ZD_SEX_BOTH, {50, 20, 30, 2}, 0, 7, ZD_POSITION_SURGEON, ZD_DEPARTMENT_SURGERY, 0, {0}, 0},
    {{"L20.9", "Атопический дерматит неуточнённый"},
     0, 40, ZD_SEX_BOTH, {6, 35, 2, 3}, 0, 20, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 1, {ZD_DRUG_LORATADINE}, 0},
    {{"L50.9", "Крапивница неуточнённая"},
     1, 80, ZD_SEX_BOTH, {20, 12, 20, 6}, 0, 6, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 1, {ZD_DRUG_LORATADINE}, 0},
    {{"J30.1", "Аллергический ринит, вызванный пыльцой растений"},
     5, 65, ZD_SEX_BOTH, {5, 35, 0, 0}, 0, 30, ZD_POSITION_OTOLARYNGOLOGIST, ZD_DEPARTMENT_THERAPY, 2, {ZD_DRUG_LORATADINE, ZD_DRUG_XYLOMETAZOLINE}, 0},
    {{"B02.9", "Опоясывающий лишай без осложнений"},
     40, 110, ZD_SEX_BOTH, {5, 8, 1, 3}, 1, 18, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_INFECTION, 1, {ZD_DRUG_IBUPROFEN}, 0},
    {{"R07.4", "Боль в груди неуточнённая"},
     25, 110, ZD_SEX_BOTH, {15, 10, 60, 12}, 0, 3, ZD_POSITION_CARDIOLOGIST, ZD_DEPARTMENT_CARDIOLOGY, 0, {0}, 0},
    {{"I10", "Эссенциальная (первичная) гипертензия"},
     35, 110, ZD_SEX_BOTH, {60, 20, 330, 80}, 0, 10, ZD_POSITION_CARDIOLOGIST, ZD_DEPARTMENT_CARDIOLOGY, 1, {ZD_DRUG_CAPTOPRIL}, 1u << ZD_HYPERTENSION},
    {{"I20.0", "Нестабильная стенокардия"},
     45, 110, ZD_SEX_BOTH, {20, 10, 240, 330}, 0, 14, ZD_POSITION_CARDIOLOGIST, ZD_DEPARTMENT_CARDIOLOGY, 3, {ZD_DRUG_ASPIRIN, ZD_DRUG_ATORVASTATIN, ZD_DRUG_BISOPROLOL}, 1u << ZD_ISCHAEMIC},
    {{"I50.1", "Левожелудочковая недостаточность"},
     60, 110, ZD_SEX_BOTH, {12, 15, 240, 300}, 2, 16, ZD_POSITION_CARDIOLOGIST, ZD_DEPARTMENT_CARDIOLOGY, 1, {ZD_DRUG_TORASEMIDE}, 1u << ZD_HEART_FAILURE},
    {{"I48", "Фибрилляция и трепетание предсердий"},
     55, 110, ZD_SEX_BOTH, {20, 20, 350, 220}, 0, 10, ZD_POSITION_CARDIOLOGIST, ZD_DEPARTMENT_CARDIOLOGY, 1, {ZD_DRUG_BISOPROLOL}, 1u << ZD_FIBRILLATION},
    {{"G45.9", "Преходящая транзиторная церебральная ишемическая атака неуточнённая"},
     50, 110, ZD_SEX_BOTH, {2, 3, 20, 14}, 0, 12, ZD_POSITION_NEUROLOGIST, ZD_DEPARTMENT_NEUROLOGY, 1, {ZD_DRUG_ASPIRIN}, 0},
    {{"R50.9", "Лихорадка неуточнённая"},
     0, 20, ZD_SEX_BOTH, {20, 5, 60, 5}, 2, 4, ZD_POSITION_PAEDIATRICIAN, ZD_DEPARTMENT_PAEDIATRICS, 1, {ZD_DRUG_PARACETAMOL}, 0},
    {{"O20.0", "Угрожающий аборт"},
     17, 44, ZD_SEX_FEMALE, {4, 6, 8, 22}, 0, 9, ZD_POSITION_GYNAECOLOGIST, ZD_DEPARTMENT_GYNAECOLOGY, 1, {ZD_DRUG_DROTAVERINE}, 0},
    {{"F41.1", "Генерализованное тревожное расстройство"},
     18, 80, ZD_SEX_BOTH, {3, 12, 10, 3}, 0, 30, ZD_POSITION_PSYCHIATRIST, ZD_DEPARTMENT_NEUROLOGY, 0, {0}, 0},
    {{"D50.9", "Железодефицитная анемия неуточнённая"},
     1, 100, ZD_SEX_BOTH, {1, 20, 0, 4}, 0, 60, ZD_POSITION_THERAPIST, ZD_DEPARTMENT_THERAPY, 0, {0}, 0},
};
/* clang-format on */
const uint16_t ZD_ILLNESS_COUNT = sizeof ZD_ILLNESS / sizeof *ZD_ILLNESS;

const zd_illness ZD_ILLNESS_INFARCTION = {
    {"I21.9", "Острый инфаркт миокарда неуточнённый"},
    25,
    110,
    ZD_SEX_BOTH,
    {0, 0, 0, 0},
    2,
    28,
    ZD_POSITION_CARDIOLOGIST,
    ZD_DEPARTMENT_CARDIOLOGY,
    3,
    {ZD_DRUG_ASPIRIN, ZD_DRUG_ATORVASTATIN, ZD_DRUG_BISOPROLOL},
    0};
const zd_illness ZD_ILLNESS_STROKE = {{"I63.9", "Инфаркт мозга неуточнённый"},
                                      25,
                                      110,
                                      ZD_SEX_BOTH,
                                      {0, 0, 0, 0},
                                      2,
                                      28,
                                      ZD_POSITION_NEUROLOGIST,
                                      ZD_DEPARTMENT_NEUROLOGY,
                                      3,
                                      {ZD_DRUG_ASPIRIN, ZD_DRUG_ATORVASTATIN, ZD_DRUG_PERINDOPRIL},
                                      0};
const zd_illness ZD_ILLNESS_HAEMORRHAGE = {{"I61.9", "Внутримозговое кровоизлияние неуточнённое"},
                                           25,
                                           110,
                                           ZD_SEX_BOTH,
                                           {0, 0, 0, 0},
                                           2,
                                           28,
                                           ZD_POSITION_NEUROLOGIST,
                                           ZD_DEPARTMENT_NEUROLOGY,
                                           1,
                                           {ZD_DRUG_PERINDOPRIL},
                                           0};
const zd_illness ZD_ILLNESS_BIRTH = {{"O80.0", "Самопроизвольные роды в затылочном предлежании"},
                                     15,
                                     49,
                                     ZD_SEX_FEMALE,
                                     {0, 0, 0, 0},
                                     0,
                                     5,
                                     ZD_POSITION_GYNAECOLOGIST,
                                     ZD_DEPARTMENT_GYNAECOLOGY,
                                     0,
                                     {0},
                                     0};

static uint32_t weight_of(const zd_illness *row, zd_setting setting, int age, bool female,
                          uint32_t has) {
  if (age < row->from_age || age > row->to_age) return 0;
  if (row->sex == (female ? ZD_SEX_MALE : ZD_SEX_FEMALE)) return 0;
  if ((row->needs & has) != row->needs) return 0;
  return row->weight[setting];
}

const zd_illness *zd_illness_pick(zd_random *dice, zd_setting setting, int age, bool female,
                                  uint32_t has) {
  uint32_t total = 0;
  for (uint16_t i = 0; i < ZD_ILLNESS_COUNT; i++)
    total += weight_of(&ZD_ILLNESS[i], setting, age, female, has);
  uint32_t at = zd_dice_below(dice, total);
  for (uint16_t i = 0; i < ZD_ILLNESS_COUNT; i++) {
    uint32_t weight = weight_of(&ZD_ILLNESS[i], setting, age, female, has);
    if (at < weight) return &ZD_ILLNESS[i];
    at -= weight;
  }
  return &ZD_ILLNESS[0]; /* met at every age by both sexes */
}
